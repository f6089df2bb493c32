"""basisbt: backtests of crypto cash-and-carry trades that show the tail losses ordinary backtests leave out.

The notebook API: `run`, `compare`, `sweep`, `allocate`, `load`. Everything heavy is imported when it is first used.
"""

__version__ = "0.1.0"
__all__ = ["__version__", "allocate", "compare", "load", "run", "sweep"]

_HOMES = {
    "run": "studies.run", "compare": "studies.compare", "sweep": "studies.sweeps.sweep", "load": "config",
    "allocate": "studies.allocate",
}  # fmt: skip


def __getattr__(name):
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"basisbt.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'basisbt' has no attribute {name!r}")

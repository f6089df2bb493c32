"""Plain functions to compiled graph: the only place that imports Numba.

Core carries no decorator. `compile_graph` compiles a function and, recursively, every plain function it names; so
interpreted and compiled live in one process. Options are set on every function, since a Numba callee otherwise
inherits most of them from whichever caller compiles it first. Never fastmath: bits must agree.

Numba's cache does not notice a change in another file, so its folder is named by a digest of all sources involved.
"""

import dataclasses
import dis
import hashlib
import os
import platform
import sys
import types
from pathlib import Path

import numpy as np

from basisbt.core.instant import step
from basisbt.engines.compiled import run_path, think

READY = "ready"
PACKAGE = Path(__file__).resolve().parent.parent
COLD = {
    "post", "receive", "file_ticket", "fill_order", "trade", "settle_deal", "liquidate", "inside_bar",
    "send_withdrawals", "settle_transfers", "apply_events", "scale_row", "order_pair", "order_leg", "queue_order",
    "fill_at_open", "void_pending", "settle_loans", "way_to_liquidation", "threat", "surplus", "in_danger", "fill_rest",
    "walk_to_liquidation", "next_on_way", "adverse", "revalue", "cover_deficit", "cancel_beyond", "trading_cost",
    "refusal", "split", "run_path",
}  # fmt: skip


def mix_compiled(digest, word):
    """The uint64 twin of `core.books.mix`; the tests hold them equal."""
    x = (np.uint64(digest) ^ np.uint64(word)) * np.uint64(0x9E3779B97F4A7C15)
    return x ^ (x >> np.uint64(29))


def copy_block_compiled(target, t, source, row):
    """Loop twin of `core.tape.copy_block`."""
    for field in range(target.shape[0]):
        for i in range(target.shape[2]):
            target[field, t, i] = source[field, row, i]


def copy_row_compiled(target, t, source, row):
    """Loop twin of `core.tape.copy_row`."""
    for i in range(target.shape[1]):
        target[t, i] = source[row, i]


TWINS = {"mix": mix_compiled, "copy_block": copy_block_compiled, "copy_row": copy_row_compiled}


def source_digest(*files: Path) -> str:
    """Digest of the package's core, strategy and engine sources, the given files and the versions that matter."""
    digest = hashlib.blake2b(digest_size=8)
    for part in ("core", "strategy", "engines"):
        for path in sorted((PACKAGE / part).rglob("*.py")):
            digest.update(path.read_bytes())
    for path in files:  # the place counts too: what Numba keeps refers to the module, which is named by its path
        digest.update(str(Path(path).resolve()).encode())
        digest.update(Path(path).read_bytes())
    from importlib.metadata import version

    versions = [version(name) for name in ("numba", "llvmlite", "numpy")]
    digest.update(repr((versions, sys.version_info[:3], platform.machine(), platform.processor())).encode())
    return digest.hexdigest()


def cache_root() -> Path:
    """Where compiled code is kept: $BASISBT_CACHE, else the user's cache folder."""
    root = os.environ.get("BASISBT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "basisbt"
    )
    return Path(root)


def options(name: str, user: bool) -> dict:
    """Numba options of one function: all explicit, see the module's docstring."""
    return dict(
        _nrt=user or name.endswith("_by_handle"),
        boundscheck=user,
        error_model="python",
        fastmath=False,
        forceinline=not user and name not in COLD and not name.endswith("_by_handle"),
    )


def compile_graph(function, replaced=None, user_files=(), memo=None, top=True):
    """Compile `function` and every plain function its globals name, recursively.

    replaced: functions to use instead of globals, by name. user_files: functions from these files keep reference
    counting and bounds checks. Returns a Numba dispatcher. Raises Numba's own errors at the first call.
    """
    import numba

    memo = {} if memo is None else memo
    replaced = replaced or {}
    if function in memo:
        return memo[function]
    names = dict(function.__globals__)
    for name in _names(function.__code__):
        value = replaced.get(name, names.get(name))
        if isinstance(value, types.FunctionType):
            value = compile_graph(value, replaced, user_files, memo, False)
        if value is not None:
            names[name] = value
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, None)
    copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
    user = function.__code__.co_filename in user_files
    chosen = options(function.__name__, user)
    memo[function] = numba.njit(cache=top, no_cpython_wrapper=not top, no_cfunc_wrapper=True, **chosen)(copy)
    return memo[function]


def _names(code):
    """Names a code object and those inside it load as globals; attributes of the same name do not count."""
    found = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


def use_cache(*files: Path) -> Path:
    """Point Numba's cache at the folder of the present sources; returns it."""
    folder = cache_root() / source_digest(*files)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    import numba

    numba.config.CACHE_DIR = str(folder)
    return folder


@dataclasses.dataclass(frozen=True)
class Engine:
    """Compiled twins for one strategy. `step` and `think` take one handle and a bar; `run_path` the parts."""

    handle: object  # handle(panel, overlay, window, tape, rules, book, desk, want, memory, p)
    step: object
    think: object
    run_path: object


_engines: dict = {}
_shared: dict = {}


def step_by_handle(h, t):
    """`core.instant.step` on the parts of a handle."""
    step(t, h.panel, h.overlay, h.tape, h.rules, h.book)


def think_by_handle(h, t):
    """`engines.compiled.think` on the parts of a handle."""
    think(t, h.window, h.tape, h.rules, h.book, h.desk, h.want, h.memory, h.p)


def engine_for(decide) -> Engine:
    """Compiled functions for a strategy's `decide`; built once per process and strategy source.

    The step does not depend on the strategy and is shared between strategies, in memory and on disk.
    """
    from numba import njit

    from basisbt.engines.handle import make_handle

    file = Path(decide.__code__.co_filename)
    folder = cache_root() / source_digest(file)
    key = (decide, str(folder))
    if key not in _engines:
        if "step" not in _shared:
            use_cache()
            _shared["memo"] = {}
            _shared["step"] = compile_graph(step_by_handle, TWINS, (), _shared["memo"])
        use_cache(file)
        replaced = {"decide": decide, **TWINS}
        memo = {k: v for k, v in _shared["memo"].items() if k is not step_by_handle}
        _engines[key] = Engine(
            njit(cache=True)(make_handle), _shared["step"], compile_graph(think_by_handle, replaced, {str(file)}, memo),
            compile_graph(run_path, replaced, {str(file)}, memo),
        )  # fmt: skip
    return _engines[key]


def is_compiled(file: Path | None) -> bool:
    """Whether a whole run with the strategy in `file` has been compiled to disk for the present sources."""
    return (_folder(file) / READY).is_file()


def note_compiled(file: Path | None) -> None:
    """A run has used compiled code from beginning to end: the next one finds all of it on disk."""
    folder = _folder(file)
    if folder.is_dir():
        (folder / READY).touch()


def _folder(file) -> Path:
    return cache_root() / (source_digest(Path(file)) if file is not None else source_digest())

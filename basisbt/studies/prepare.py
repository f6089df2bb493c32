"""Preparing: from a config file to a world ready to run, and the key of its answer.

Knows the order: resolve, load the strategy, assemble, see whether it compiles. Runs nothing.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from basisbt.config import load
from basisbt.engines.refusals import compiles, obstacle
from basisbt.errors import ConfigError
from basisbt.places import packaged
from basisbt.strategy.loader import Loaded, ParameterError, load_strategy
from basisbt.studies import store
from basisbt.studies.assemble import assemble
from basisbt.studies.chances import sample_of
from basisbt.studies.history import engine_is_warm, loop_is_warm


@dataclass
class Prepared:
    """A config ready to run: resolved, strategy loaded, world assembled, key known."""

    resolved: object
    loaded: Loaded
    world: object
    compiled: bool
    engine: str
    sample: object = None  # studies.sampling.Sample, None without sampled paths
    paths_compiled: bool = False
    obstacle: str = ""  # why the strategy runs interpreted
    strategy_call: tuple = ()  # arguments of `load_strategy`, for workers
    engine_asked: str = "auto"
    direct: bool = False  # history through the compiled loop, without Backtrader and without records
    kept: object = None  # studies.kept.Kept

    def try_strategy(self) -> None:
        """Ask the strategy a few questions, interpreted and under a time limit, before anything runs for long.

        Raises RunError naming file and line.
        """
        from basisbt.engines.trial import try_strategy

        if self.loaded.cls is None:
            try_strategy(self.world.without(params=self.loaded.params))

    @cached_property
    def data_digest(self) -> str:
        """Digest of every data file read."""
        from basisbt.market.files import digest

        files = self.world.notes["panel"].files
        return combine(digest(files) if self.kept is None else self.kept.digests(files))

    @cached_property
    def key(self) -> str:
        """The run's key in the store."""
        return store.run_key(self.resolved.tree, self.data_digest, code_digest() + self.loaded.digest)


def combine(digests) -> str:
    """One digest of many, whatever folder the files lie in."""
    values = sorted(digests.values()) if isinstance(digests, dict) else sorted(map(str, digests))
    return hashlib.blake2b("".join(values).encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of the package's own sources, as they were when first asked for."""
    digest = hashlib.blake2b(digest_size=8)
    root = Path(__file__).resolve().parent.parent
    for part in ("core", "engines", "events", "market", "measures", "strategy", "studies"):
        for path in sorted((root / part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare(path, overrides=(), *, timerange=None, data_dir=None, seed=None, engine="auto", paths=None) -> Prepared:
    """Resolve a config, load its strategy and assemble its world. Raises ConfigError, DataError."""
    resolved = load(path, overrides, timerange=timerange, data_dir=data_dir, seed=seed, paths=paths)
    return prepare_resolved(resolved, engine)


def prepare_resolved(resolved, engine="auto", kept=None) -> Prepared:
    """The same from a resolved config. kept: what other runs in this process have in common with it."""
    call = strategy_call(resolved)
    if kept is not None:
        return kept.prepared(resolved, call, engine)
    loaded = strategy_of(resolved, call)
    return prepare_world(resolved, engine, loaded, assemble(resolved, loaded), obstacle_of(loaded, engine))


def prepare_world(resolved, engine, loaded, world, why: str) -> Prepared:
    """The same with strategy and world; why: what speaks against compiling, in words."""
    call = strategy_call(resolved)
    compiled = not why and (engine == "compiled" or (engine == "auto" and engine_is_warm(loaded)))
    sample = sample_of(resolved.spec, world)
    if sample is not None and not why and not loop_is_warm(loaded):
        why = str(compiles(loaded.decide, world.without(params=loaded.record)) or "")
    name = "backtrader+compiled" if compiled else "backtrader"
    return Prepared(resolved, loaded, world, compiled, name, sample, not why, why, call, engine)


def obstacle_of(loaded, engine) -> str:
    """Why a strategy is not compiled, in words; empty when nothing speaks against it."""
    if engine == "backtrader":
        return "--engine backtrader"
    if loaded.cls is not None:
        return f"{loaded.name} is a Backtrader class"
    found = obstacle(loaded.file)
    return "" if found is None else str(found)


def strategy_call(resolved) -> tuple:
    """Arguments of `load_strategy` for the strategy a config names."""
    spec = resolved.spec
    folders = [Path(resolved.path).resolve().parent / "strategies", packaged("strategies")]
    return spec.strategy.use, spec.strategy.params, folders, tuple(spec.venues), tuple(spec.pairs)


def strategy_of(resolved, call, known: dict | None = None) -> Loaded:
    """The strategy a config names, its parameters typed; mistakes get their place in the config."""
    try:
        return load_strategy(*call, known)
    except ParameterError as error:
        lines = [
            resolved.mistake(f"strategy.params.{name}" if name else "strategy.params", message)
            for name, message in error.mistakes
        ]
        raise ConfigError("\n".join(lines)) from error
    except ConfigError as error:
        if str(error).startswith("no strategy"):
            raise ConfigError(resolved.mistake("strategy.use", str(error))) from error
        raise

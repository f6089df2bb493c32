"""`run`: from a config file to a run folder and a result in memory.

Knows the order: resolve, load, assemble, look whether it was asked before, run, measure, write.
"""

import json
import platform
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from basisbt import __version__
from basisbt.config import load
from basisbt.engines.machine import Machine
from basisbt.errors import ConfigError, DataError, RunError
from basisbt.places import packaged
from basisbt.strategy.loader import Loaded, ParameterError, load_strategy
from basisbt.studies import store
from basisbt.studies.assemble import assemble
from basisbt.studies.history import engine_is_warm, metrics_of, run_history, tail_costs

FRAMES = ("equity", "attribution", "journal", "orders", "fills", "margin", "events")


@dataclass
class Result:
    """A finished run: `metrics`, `meta`, and its frames by name, from memory or from its folder."""

    metrics: dict
    meta: dict
    folder: Path | None
    cached: bool = False
    frames: dict = field(default_factory=dict)
    machine: Machine | None = None

    def frame(self, name: str):
        """One of equity, attribution, journal, orders, fills, margin, events."""
        if name not in self.frames:
            import pandas as pd

            path = self.folder / f"{name}.parquet"
            try:
                self.frames[name] = pd.read_parquet(path)
            except (OSError, ValueError) as error:
                raise DataError(f"{path}: cannot be read ({error}); `basisbt run … --force` writes it anew") from error
        return self.frames[name]

    equity = property(lambda self: self.frame("equity"))
    journal = property(lambda self: self.frame("journal"))
    attribution = property(lambda self: self.frame("attribution"))
    orders = property(lambda self: self.frame("orders"))
    fills = property(lambda self: self.frame("fills"))
    margin = property(lambda self: self.frame("margin"))
    events = property(lambda self: self.frame("events"))


@dataclass
class Prepared:
    """A config ready to run: resolved, strategy loaded, world assembled, key known."""

    resolved: object
    loaded: Loaded
    world: object
    compiled: bool
    engine: str

    @cached_property
    def data_digest(self) -> str:
        """Digest of every data file read."""
        from basisbt.market.files import digest

        return combine(digest(self.world.notes["panel"].files))

    @cached_property
    def key(self) -> str:
        """The run's key in the store."""
        return store.run_key(self.resolved.tree, self.data_digest, code_digest() + self.loaded.digest)


def combine(digests) -> str:
    """One digest of many, whatever folder the files lie in."""
    import hashlib

    values = sorted(digests.values()) if isinstance(digests, dict) else sorted(map(str, digests))
    return hashlib.blake2b("".join(values).encode(), digest_size=8).hexdigest()


def code_digest() -> str:
    """Digest of the package's own sources."""
    import hashlib

    digest = hashlib.blake2b(digest_size=8)
    root = Path(__file__).resolve().parent.parent
    for part in ("core", "engines", "events", "market", "measures", "strategy", "studies"):
        for path in sorted((root / part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare(path, overrides=(), *, timerange=None, data_dir=None, seed=None, engine="auto") -> Prepared:
    """Resolve a config, load its strategy and assemble its world. Raises ConfigError, DataError."""
    resolved = load(path, overrides, timerange=timerange, data_dir=data_dir, seed=seed)
    return prepare_resolved(resolved, engine)


def prepare_resolved(resolved, engine="auto") -> Prepared:
    """The same from a resolved config."""
    loaded = strategy_of(resolved)
    world = assemble(resolved, loaded)
    compiled = engine == "compiled" or (engine == "auto" and engine_is_warm(loaded))
    return Prepared(resolved, loaded, world, compiled, "backtrader+compiled" if compiled else "backtrader")


def strategy_of(resolved) -> Loaded:
    """The strategy a config names, its parameters typed; mistakes get their place in the config."""
    spec = resolved.spec
    folders = [Path(resolved.path).resolve().parent / "strategies", packaged("strategies")]
    try:
        return load_strategy(spec.strategy.use, spec.strategy.params, folders, tuple(spec.venues), tuple(spec.pairs))
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


def finish(prepared: Prepared, machine: Machine) -> tuple[dict, dict]:
    """(metrics, meta) of a finished history run."""
    spec = prepared.resolved.spec
    world = prepared.world
    figures = metrics_of(machine, spec.measures.risk_free)
    figures["tail_cost"] = tail_costs(world, prepared.loaded, prepared.compiled, figures["pnl"])
    head = {"name": spec.name, "key": prepared.key, "engine": prepared.engine, "seed": spec.seed}
    notes = world.notes["panel"]
    warnings = [*prepared.resolved.warnings, *notes.warnings, *intrabar_warnings(world)]
    meta = {
        "versions": versions(), "data_digest": prepared.data_digest, "seed": spec.seed,
        "strategy": prepared.loaded.name, "strategy_digest": prepared.loaded.digest, "engine": prepared.engine,
        "config": str(prepared.resolved.path), "window": list(notes.window), "stand_ins": notes.stand_ins,
        "missing_bars": notes.missing_bars, "stale_marks": notes.stale_marks, "funding_gaps": notes.funding_gaps,
        "quantised": quantised(world), "warnings": warnings,
    }  # fmt: skip
    return {**head, **figures}, meta


def intrabar_warnings(world) -> list[str]:
    """Warn where a bar moves so far that liquidation inside it says more of the bar than of the market.

    MODEL.md section 2.7: 99th percentile of (adverse extreme / open - 1) over half the distance at target leverage.
    """
    import numpy as np

    from basisbt.core.tape import MARK_HIGH, MARK_OPEN

    found, rules = [], world.rules
    for p, i in enumerate(rules.short):
        move = world.panel.prices[:, MARK_HIGH, i] / world.panel.prices[:, MARK_OPEN, i] - 1.0
        wide = float(np.percentile(move, 99))
        distance = (1.0 / rules.leverage[p] - rules.mmr[i, 0]) / (1.0 + rules.mmr[i, 0])
        if wide > 0.5 * distance:
            venue, symbol = world.names.instruments[i]
            found.append(
                f"{venue} {symbol}: one bar in a hundred rises {wide:.1%} above its open, the liquidation at the "
                f"target leverage is {distance:.1%} away: a shorter timeframe would liquidate less often"
            )
    return found


def quantised(world) -> list[dict]:
    """Event times that did not fall on a bar's opening, and where they were moved."""
    out, seconds = [], world.rules.seconds
    for event in world.events:
        end = getattr(event, "end", None)
        if event.start % seconds or (end is not None and end % seconds):
            row = {"event": event.name, "start": event.start, "start_used": event.start - event.start % seconds}
            if end is not None:
                row.update(end=end, end_used=-(-end // seconds) * seconds)
            out.append(row)
    return out


def versions() -> dict:
    """Versions that a result depends on."""
    from importlib.metadata import version

    names = ("backtrader", "numpy", "pandas", "numba", "pyarrow")
    out = {"basisbt": __version__, "python": sys.version.split()[0], "platform": platform.machine()}
    return {**out, **{name: version(name) for name in names}}


def frames_of(machine: Machine, reasons: dict) -> dict:
    """All frames of a run folder."""
    from basisbt.studies import records

    orders = records.orders_frame(machine, reasons)
    return {
        "equity": records.equity_frame(machine), "attribution": records.attribution_frame(machine),
        "journal": records.journal_frame(machine, reasons), "orders": orders, "fills": records.fills_frame(orders),
        "margin": records.margin_frame(machine), "events": records.events_frame(machine),
    }  # fmt: skip


def run_prepared(prepared: Prepared, out: Path | None = None, force: bool = False) -> Result:
    """Run what is prepared, or take it from the store when the same question was asked before."""
    folder = None
    if out is not None:
        folder = Path(out) / prepared.resolved.spec.name / prepared.key
        if not force and (folder / "metrics.json").is_file():
            with suppress(OSError):  # a store that can only be read still answers
                store.remember_last(Path(out), folder)
            return read_run(folder, cached=True)
        store.refuse_unwritable(folder.parent)
    machine = run_history(prepared.world, prepared.loaded, prepared.compiled)
    metrics, meta = finish(prepared, machine)
    frames = frames_of(machine, prepared.loaded.reasons)
    if folder is not None:
        from basisbt.studies.yaml_text import resolved_text

        texts = {
            "config.yaml": resolved_text(store.plain(prepared.resolved.tree), {}) + "\n",
            "metrics.json": store.to_json(metrics), "meta.json": store.to_json(meta),
        }  # fmt: skip
        try:
            store.write_run(folder, texts, frames)
            store.remember_last(Path(out), folder)
        except OSError as error:
            why = error.strerror or error
            raise RunError(f"{folder}: cannot be written: {why}; choose a place with --out") from error
    return Result(store.plain(metrics), store.plain(meta), folder, False, frames, machine)


def read_run(folder: Path, cached: bool = False) -> Result:
    """A result from its folder; frames are read when asked for."""
    figures = []
    for path in (folder / "metrics.json", folder / "meta.json"):
        try:
            figures.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read ({error}); `basisbt run … --force` writes it anew") from error
    return Result(*figures, folder, cached)


def run(config, set=None, *, timerange=None, data_dir=None, seed=None, engine="auto", out=None, force=False) -> Result:
    """Run a config from Python: `basisbt.run("x.yaml", set={"strategy.params.enter_above": "4%"})`.

    `out` names a run store; without one nothing is written. Raises ConfigError, DataError, RunError.
    """
    overrides = [f"{key}={value}" for key, value in (set or {}).items()]
    prepared = prepare(config, overrides, timerange=timerange, data_dir=data_dir, seed=seed, engine=engine)
    return run_prepared(prepared, None if out is None else Path(out), force)

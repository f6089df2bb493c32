"""The scene of a run: the market it was in and the fan of its sampled paths, for a report.

Knows a run's folder, from which the run is prepared again. What cannot be prepared any more (data or code have changed)
is said in `missing`, and the rest of the report stands.
"""

from dataclasses import dataclass, field

import numpy as np

from basisbt.core.tape import CLOSE, MARK_CLOSE
from basisbt.errors import BasisError
from basisbt.studies.fill import again

MARKS = 80  # points in time of the fan
PATHS = 500  # paths of the fan, the first ones
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass
class Scene:
    """time: [T] datetime64, bar closes. basis: {leg: [T] mark over index - 1}. funding: {leg: (times, rates)}.
    fan: {share of paths: [M] marked equity, USD} at `fan_time`."""

    time: np.ndarray | None = None
    basis: dict[str, np.ndarray] = field(default_factory=dict)
    funding: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    fan_time: np.ndarray | None = None
    fan: dict[float, np.ndarray] = field(default_factory=dict)
    fan_paths: int = 0
    pairs: dict[str, tuple[str, str]] = field(default_factory=dict)  # legs by pair, for words
    missing: str = ""


def scene_of(result) -> Scene:
    """The scene of a finished run."""
    try:
        prepared = again(result.folder, result.metrics, result.meta, "auto")
    except BasisError as error:
        return Scene(missing=str(error).splitlines()[0])
    world = prepared.world
    panel, names = world.panel, world.names
    step = np.timedelta64(int(world.rules.seconds), "s")
    scene = Scene(time=panel.time.astype("datetime64[s]") + step)
    for pair, leg in legs_of(prepared).items():
        scene.pairs[pair] = leg
    for i, (venue, symbol) in enumerate(names.instruments):
        if ":" not in symbol:
            continue
        title = f"{venue} {symbol}"
        base = names.bases.index(symbol.partition("/")[0])
        scene.basis[title] = panel.prices[:, MARK_CLOSE, i] / panel.index[:, CLOSE, base] - 1.0
        mine = panel.funding_instrument == i
        if mine.any():
            scene.funding[title] = panel.funding_time[mine].astype("datetime64[s]"), panel.funding_rate[mine]
    if prepared.sample is not None and prepared.paths_compiled:
        draw_fan(prepared, scene)
    return scene


def legs_of(prepared) -> dict[str, tuple[str, str]]:
    """{pair: (long leg, short leg)} as a person reads them."""
    return {
        name: tuple(f"{leg.venue} {leg.symbol}" for leg in (pair.long, pair.short))
        for name, pair in prepared.resolved.spec.pairs.items()
    }  # fmt: skip


def draw_fan(prepared, scene: Scene) -> None:
    """Quantiles of marked equity over the first sampled paths, at some moments."""
    from basisbt.studies.paths import Worker
    from basisbt.studies.tails import path_job

    worker = Worker(path_job(prepared), prepared.loaded)
    bars = prepared.sample.bars
    ends = np.unique(np.linspace(1, bars, MARKS).round().astype(int))
    count = min(PATHS, prepared.sample.paths)
    equity = np.zeros((count, ends.size))
    for path in range(count):
        equity[path] = worker.runner.trace(worker.draws.overlay(worker.draws.draw(path)), ends)
    seconds = int(prepared.world.rules.seconds)
    scene.fan_time = (prepared.world.panel.time[0] + seconds * ends).astype("datetime64[s]")
    scene.fan = {share: np.quantile(equity, share, axis=0) for share in SHARES}
    scene.fan_paths = count

"""`lookahead`: rerun with the future cut off or corrupted; any difference in the past is an error.

Knows how to spoil a panel after a bar and how to compare what two runs did up to it. History runs through Backtrader,
sampled paths through the loop that samples them.
"""

import numpy as np

from basisbt.core.books import FILLED, J_TIME, T_INSTRUMENT, T_ORDER, T_OUTCOME, T_PRICE, T_TIME
from basisbt.core.tape import (
    CLOSE, HIGH, LOW, MARK_CLOSE, MARK_HIGH, MARK_LOW, MARK_OPEN, OPEN, PRICED, Overlay, Panel,
)  # fmt: skip
from basisbt.engines.machine import run_loop
from basisbt.engines.world import World, unrolled
from basisbt.studies.history import run_history
from basisbt.studies.records import stack


def cut(world: World, k: int) -> World:
    """The same world, ending with bar k."""
    panel, end = world.panel, int(world.panel.first[k + 1])
    shorter = Panel(
        panel.time[: k + 1], panel.prices[: k + 1], panel.fresh[: k + 1], panel.index[: k + 1],
        panel.usd[: k + 1], panel.first[: k + 2], *(block[:end] for block in panel[6:13]),
        *(block[panel.roll_row <= k] for block in panel[13:]),
    )  # fmt: skip
    shorter = Panel(*(np.ascontiguousarray(block) for block in shorter))
    return with_panel(world, shorter, k)


def corrupt(world: World, k: int, seed: int) -> World:
    """The same world with every price, rate and gap after bar k replaced by nonsense of the right shape.

    The open of bar k + 1 stays, and what happens to venues there: what was decided at the close of bar k fills there,
    and can so be compared. Later events never come.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, k]))
    panel = world.panel
    prices, index, usd = panel.prices.copy(), panel.index.copy(), panel.usd.copy()
    prices[k + 1 :, :PRICED] *= rng.uniform(0.5, 2.0, (panel.time.size - k - 1, 1, prices.shape[2]))
    index[k + 1 :] *= rng.uniform(0.5, 2.0, (panel.time.size - k - 1, 1, index.shape[2]))
    coins = ~world.rules.cash
    keep_open(prices, panel.prices, (OPEN, HIGH, LOW, CLOSE), k + 1)
    keep_open(prices, panel.prices, (MARK_OPEN, MARK_HIGH, MARK_LOW, MARK_CLOSE), k + 1)
    keep_open(index, panel.index, (OPEN, HIGH, LOW, CLOSE), k + 1)
    usd[k + 1 :, coins] = index[k + 1 :, OPEN][:, world.rules.asset_base[coins]]
    rate = panel.funding_rate.copy()
    after = int(panel.first[k + 2])
    rate[after:] = rng.normal(0.0, 0.01, rate.size - after)
    premium = panel.funding_premium.copy()
    premium[after:] = rng.normal(0.0, 0.01, rate.size - after)
    fresh = panel.fresh.copy()
    fresh[k + 2 :] = rng.random(fresh[k + 2 :].shape) < 0.9
    return with_panel(
        world, panel._replace(prices=prices, index=index, usd=usd, funding_rate=rate,
                              funding_premium=premium, fresh=fresh), k + 1
    )  # fmt: skip


def keep_open(block, honest, fields, t) -> None:
    """Put bar t's own open back into corrupted prices; high and low still hold it."""
    opening, high, low, _ = fields
    block[t, opening] = honest[t, opening]
    block[t, high] = np.maximum(block[t, high], block[t, opening])
    block[t, low] = np.minimum(block[t, low], block[t, opening])


def filled_next(machine, k: int):
    """Market orders decided at the close of bar k, as they filled at the next open: (rows, numbers)."""
    world = machine.world
    rows, numbers = stack(machine.tickets, 5)
    if not rows.size:
        return rows, numbers
    traded = rows[:, T_INSTRUMENT] < len(world.names.instruments)
    who = np.where(traded, rows[:, T_INSTRUMENT], 0)
    mine = traded & (rows[:, T_TIME] == world.panel.time[k + 1]) & (rows[:, T_OUTCOME] == FILLED)
    mine &= numbers[:, T_PRICE] == machine.tape.past[k + 1, OPEN][who]
    return np.delete(rows, T_ORDER, axis=1)[mine], numbers[mine]


def with_panel(world: World, panel: Panel, last: int) -> World:
    """A world on another panel, and only what events do up to bar `last`."""
    for block in panel:
        block.flags.writeable = False
    known = int(np.searchsorted(world.overlay.event_bar, last, side="right"))
    row, *steps = world.overlay
    return world.without(panel=panel, overlay=Overlay(row[: panel.time.size], *(step[:known] for step in steps)))


def past(machine, k: int):
    """(postings, tickets, equity) of everything up to the close of bar k."""
    world = machine.world
    close = int(world.panel.time[k]) + world.rules.seconds
    rows, amounts = stack(machine.postings, 7)
    mine = rows[:, J_TIME] < close  # the next open carries the same stamp as the inside of bar k; equity covers that
    tickets, numbers = stack(machine.tickets, 5)
    told = tickets[:, T_TIME] < close
    tickets = np.delete(tickets, T_ORDER, axis=1)  # Backtrader numbers orders on from the run before
    return rows[mine], amounts[mine], tickets[told], numbers[told], machine.book.equity[: k + 1]


def first_difference(machine, spoiled, k: int) -> str | None:
    """What differs first up to bar k, in words; None when nothing does."""
    names = ("a posting", "an amount", "an order", "an order's figures", "equity")
    for name, one, two in zip(names, past(machine, k), past(spoiled, k)):
        if one.shape != two.shape or not np.array_equal(one, two, equal_nan=one.dtype.kind == "f"):
            return name
    if spoiled.world.bars > k + 1:
        for one, two in zip(filled_next(machine, k), filled_next(spoiled, k)):
            if one.shape != two.shape or not np.array_equal(one, two):
                return "a decision at its close"
    return None


def lookahead(prepared, points: int = 5, seed: int = 0, progress=None, paths: int = 2) -> list[dict]:
    """Check `points` bars of history and of `paths` sampled paths.

    Returns a row per bar and way of spoiling: path (None: history), bar, time, way, difference ('' for none).
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, 1]))
    whole = [(None, prepared.world, run_with(prepared, None))]
    if prepared.sample is not None:
        from basisbt.studies.tails import alone

        for path in sorted({int(n) for n in rng.integers(0, prepared.sample.paths, paths)}):
            whole.append((path, unrolled(alone(prepared, path)), run_with(prepared, path)))
    rows, total = [], 2 * points * len(whole)
    for path, world, run in whole:
        for row in checked(world, run, rng, points, seed):
            rows.append({"path": path, **row})
            if progress is not None:
                progress(min(len(rows), total) - 1, total, {"path": path, "bar": row["bar"]})
    return rows


def run_with(prepared, path):
    """run(world) -> Machine: history through Backtrader; a path through the loop where its strategy is a `decide`."""
    loaded = prepared.loaded
    if path is None or loaded.cls is not None:
        return lambda world: run_history(world, loaded, prepared.compiled)
    compiled = prepared.paths_compiled
    params = loaded.record if compiled else loaded.params
    return lambda world: run_loop(world.without(params=params), compiled)


def checked(world: World, run, rng, points: int, seed: int):
    """Yield a row for each of `points` bars and each way of spoiling what comes after."""
    whole = run(world)
    for k in sorted({int(b) for b in rng.integers(1, max(2, world.bars - 1), points)}):
        for way, spoiled in (("cut", cut(world, k)), ("corrupted", corrupt(world, k, seed))):
            difference = first_difference(whole, run(spoiled), k)
            time = str(np.datetime64(int(world.time[k]), "s")) + "Z"
            yield {"bar": k, "time": time, "way": way, "difference": difference or ""}

"""`lookahead`: rerun with the future cut off or corrupted; any difference in the past is an error.

Knows how to spoil a panel after a bar and how to compare what two runs did up to it.
"""

import numpy as np

from basisbt.core.books import J_TIME, T_TIME
from basisbt.core.tape import PRICED, Panel
from basisbt.engines.world import World
from basisbt.events import make_overlay
from basisbt.studies.history import run_history
from basisbt.studies.records import stack


def cut(world: World, k: int) -> World:
    """The same world, ending with bar k."""
    panel, end = world.panel, int(world.panel.first[k + 1])
    shorter = Panel(
        panel.time[: k + 1], panel.prices[:, : k + 1], panel.fresh[: k + 1], panel.index[:, : k + 1],
        panel.usd[: k + 1], panel.first[: k + 2], *(block[:end] for block in panel[6:]),
    )  # fmt: skip
    shorter = Panel(*(np.ascontiguousarray(block) for block in shorter))
    return with_panel(world, shorter)


def corrupt(world: World, k: int, seed: int) -> World:
    """The same world with every price, rate and gap after bar k replaced by nonsense of the right shape."""
    rng = np.random.Generator(np.random.Philox(key=[seed, k]))
    panel = world.panel
    prices, index, usd = panel.prices.copy(), panel.index.copy(), panel.usd.copy()
    prices[:PRICED, k + 1 :] *= rng.uniform(0.5, 2.0, prices[:PRICED, k + 1 :].shape[1:])
    index[:, k + 1 :] *= rng.uniform(0.5, 2.0, index[:, k + 1 :].shape[1:])
    coins = ~world.rules.cash
    usd[k + 1 :, coins] = index[0, k + 1 :][:, world.rules.asset_base[coins]]
    rate = panel.funding_rate.copy()
    after = int(panel.first[k + 1])
    rate[after:] = rng.normal(0.0, 0.01, rate.size - after)
    fresh = panel.fresh.copy()
    fresh[k + 1 :] = rng.random(fresh[k + 1 :].shape) < 0.9
    return with_panel(
        world, panel._replace(prices=prices, index=index, usd=usd, funding_rate=rate, fresh=fresh)
    )  # fmt: skip


def with_panel(world: World, panel: Panel) -> World:
    """A world on another panel, its events laid over it anew."""
    for block in panel:
        block.flags.writeable = False
    rules = world.rules
    overlay = make_overlay(world.events, panel.time, rules.seconds, len(world.names.bases), rules.venue.size)
    return world.without(panel=panel, overlay=overlay)


def past(machine, k: int):
    """(postings, tickets, equity) of everything up to the close of bar k."""
    world = machine.world
    close = int(world.panel.time[k]) + world.rules.seconds
    open_next = close  # what happens at the next open carries this stamp too; only bar k's own part is kept
    rows, amounts = stack(machine.postings, 7)
    mine = rows[:, J_TIME] < open_next
    tickets, numbers = stack(machine.tickets, 5)
    told = tickets[:, T_TIME] < open_next
    return rows[mine], amounts[mine], tickets[told], numbers[told], machine.book.equity[: k + 1]


def first_difference(machine, spoiled, k: int) -> str | None:
    """What differs first up to bar k, in words; None when nothing does."""
    names = ("a posting", "an amount", "an order", "an order's figures", "equity")
    for name, one, two in zip(names, past(machine, k), past(spoiled, k)):
        if one.shape != two.shape or not np.array_equal(one, two, equal_nan=one.dtype.kind == "f"):
            return name
    return None


def lookahead(prepared, points: int = 5, seed: int = 0, progress=None) -> list[dict]:
    """Check `points` bars; returns a row per bar and way of spoiling: bar, time, way, difference ('' for none)."""
    world, loaded = prepared.world, prepared.loaded
    whole = run_history(world, loaded, prepared.compiled)
    rng = np.random.Generator(np.random.Philox(key=[seed, 1]))
    bars = sorted({int(b) for b in rng.integers(1, max(2, world.bars - 1), points)})
    rows = []
    for k in bars:
        for way, spoiled in (("cut", cut(world, k)), ("corrupted", corrupt(world, k, seed))):
            if progress is not None:
                progress(len(rows), 2 * len(bars), {"bar": k, "way": way})
            other = run_history(spoiled, loaded, prepared.compiled)
            difference = first_difference(whole, other, k)
            time = str(np.datetime64(int(world.panel.time[k]), "s")) + "Z"
            rows.append({"bar": k, "time": time, "way": way, "difference": difference or ""})
    return rows

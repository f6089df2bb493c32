"""One model, two drivers: the same `decide` on 200 random worlds gives the same journal digest on every way to run it.

Backtrader with the core interpreted, Backtrader with it compiled, and the loop without Backtrader, interpreted and
compiled. A third of the worlds run `cash_and_carry`, the others a restless strategy that keeps a memory, asks for more
than it can have and moves collateral. What compiles for the first time takes a minute or two and is kept in
$BASISBT_CACHE or ~/.cache/basisbt.
"""

import numpy as np
import pytest

from basisbt.core.books import OUTCOME_NAMES, T_OUTCOME
from basisbt.core.rules import FUNDING, TRANSFER
from basisbt.core.tape import FREEZE_VOIDED, GAP, LEVEL
from basisbt.engines import paths
from basisbt.engines.backtrader import run_backtrader
from basisbt.engines.handle import HandleType
from basisbt.engines.machine import run_loop
from basisbt.engines.paths import PathRunner, fork
from basisbt.strategy.loader import as_array, as_record
from tests.properties.markets import changing, random_world, strategy
from tests.support import rover

WORLDS = 200
DECIDE, PARAMS = strategy(
    "cash_and_carry", lookback=3.0, enter_above=0.0, exit_below=-0.2, expected_holding=90.0, notional=0.6, drift=0.1
)
WAY = {
    "backtrader, interpreted": lambda w, record: run_backtrader(w),
    "backtrader, compiled": lambda w, record: run_backtrader(w.without(params=record), compile=True),
    "loop, compiled": lambda w, record: run_loop(w.without(params=record), compile=True),
    "loop, interpreted": lambda w, record: run_loop(w),
}
EVENT_ARRAYS = ("event_bar", "event_kind", "event_who", "event_size", "event_more")
BOOKS = ("balance", "position", "entry", "held", "equity", "margin", "attribution", "flight_amount", "face", "record")


def random_engine_world(seed):
    """(world of 100 to 300 bars and one to three venues, with everything that markets.py can do; parameters)."""
    rng = np.random.default_rng([seed, 3])
    bars = int(rng.integers(100, 301))
    if seed % 3 == 0:
        return random_world(seed, bars, decide=DECIDE, params=PARAMS, funding_mean=4e-4), PARAMS
    params = rover.Params(float(rng.uniform(0.2, 1.0)), float(rng.integers(2, 12)), float(rng.uniform(0.02, 0.3)))
    w = random_world(seed, bars, decide=rover.decide, params=params, funding_mean=4e-4)
    w = w.without(memory=as_array(rover.Memory()))
    return changing(seed, w) if seed % 4 == 1 else w, params


def run_every_way(seed):
    """{way: machine} of one world."""
    w, params = random_engine_world(seed)
    return {way: run(w, as_record(params)) for way, run in WAY.items()}


@pytest.fixture(scope="module")
def runs():
    """{seed: {way: machine}} of all worlds."""
    return {seed: run_every_way(seed) for seed in range(WORLDS)}


@pytest.mark.parametrize("way", [way for way in WAY if way != "backtrader, interpreted"])
def test_every_way_to_run_a_world_gives_the_same_digest(runs, way):
    different = [
        seed for seed, machines in runs.items()
        if machines[way].book.digest[0] != machines["backtrader, interpreted"].book.digest[0]
    ]  # fmt: skip
    assert not different, f"{way} differs from Backtrader interpreted in worlds {different}"


@pytest.mark.parametrize("way", [way for way in WAY if way != "backtrader, interpreted"])
def test_balances_equity_margin_and_attribution_agree_to_the_last_bit(runs, way):
    for seed, machines in runs.items():
        one, other = machines["backtrader, interpreted"].book, machines[way].book
        for name in BOOKS:
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), f"{name} of world {seed}, {way}"


@pytest.mark.parametrize("way", [way for way in WAY if way != "backtrader, interpreted"])
def test_the_journals_agree_posting_by_posting(runs, way):
    for seed, machines in runs.items():
        for one, other in zip(journal(machines["backtrader, interpreted"]), journal(machines[way]), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=f"world {seed}, {way}")


def journal(machine):
    """(posting rows, amounts, ticket rows, ticket numbers), each in one piece."""
    pieces = [np.concatenate([part[k] for part in machine.postings]) for k in (0, 1)]
    for k in (0, 1):
        pieces.append(np.concatenate([part[k] for part in machine.tickets]) if machine.tickets else np.zeros(0))
    return pieces


def test_the_worlds_contain_what_they_are_meant_to_prove(runs):
    outcomes, transfers, fundings, freezes, gaps, levels, missing = set(), 0, 0, 0, 0, 0, 0
    legs = set()
    for machines in runs.values():
        machine = machines["loop, interpreted"]
        w = machine.world
        kinds = journal(machine)[0][:, 1]
        transfers, fundings = transfers + int((kinds == TRANSFER).sum()), fundings + int((kinds == FUNDING).sum())
        outcomes |= {OUTCOME_NAMES[row[T_OUTCOME]] for rows, _ in machine.tickets for row in rows}
        kind = w.overlay.event_kind
        freezes, gaps = freezes + int((kind <= FREEZE_VOIDED).sum()), gaps + int((kind == GAP).any())
        levels, missing = levels + int((kind == LEVEL).any()), missing + int((~w.panel.fresh).sum())
        legs.add(w.rules.venue.size)
    assert outcomes >= {"filled", "liquidation", "no_bar"}
    assert outcomes & {"not_enough_margin", "not_enough_cash", "not_enough_coin"}
    assert outcomes & {"withdrawals_frozen", "beyond_withdrawable", "below_minimum"}
    assert min(transfers, fundings) > 100 and min(freezes, gaps, levels) > 5 and missing > 100
    assert {2, 4} <= legs and max(legs) >= 5


def test_nothing_of_the_next_bar_is_in_memory_while_decide_runs(runs):
    roving = [machines for seed, machines in runs.items() if seed % 3]
    for machines in roving:
        assert {way: int(machine.memory["glimpses"][0]) for way, machine in machines.items()} == dict.fromkeys(WAY, 0)
    assert all(machines["loop, compiled"].memory["calls"][0] > 50 for machines in roving[:10])


def test_a_strategy_that_reads_ahead_is_caught_in_the_compiled_loop(monkeypatch):
    # The second run of a path finds the first one's rows after now unless the tape is blanked in between.
    w, params = random_engine_world(1)
    runner = PathRunner(w.without(params=as_record(params)))
    for _ in range(2):
        runner.run(w.overlay)
        assert runner.memory["glimpses"][0] == 0
    monkeypatch.setattr(paths, "blank", lambda tape: tape.cursor.fill(0))
    runner.run(w.overlay)
    assert runner.memory["glimpses"][0] > 100


def test_paths_run_together_are_those_run_alone():
    """Each sets out where it first differs from the first one: same outcome, no glimpse of the next row, same memory."""
    met = set()
    for seed in (seed for seed in range(40) if seed % 3):  # the rover's
        w, params = random_engine_world(seed)
        w, count = w.without(params=as_record(params)), w.overlay.event_bar.size
        chance = np.random.default_rng(seed)
        keep = [chance.random(count) < share for share in (0.9, 0.5, 0.2, 0.0, 1.0)]
        others = [w.overlay._replace(**{n: getattr(w.overlay, n)[k] for n in EVENT_ARRAYS}) for k in keep]
        runner = PathRunner(w)
        found = runner.run(w.overlay, *others)
        met |= {0 < fork(w.overlay, other) < w.bars for other in others}
        assert found[-1].tobytes() == found[0].tobytes()  # the last one is the first one
        for overlay, row in zip((w.overlay, *others), found):
            alone = PathRunner(w)
            assert alone.run(overlay)[0].tobytes() == row.tobytes()
            assert alone.memory["glimpses"][0] == runner.memory["glimpses"][0] == 0
    assert met == {True, False}


def test_rows_that_a_path_alone_never_wrote_are_not_shared(monkeypatch):
    """The teeth of the test above: without blanking from the fork on, the rover sees what another path wrote."""
    w, params = random_engine_world(1)
    runner = PathRunner(w.without(params=as_record(params)))
    monkeypatch.setattr(paths, "forget", lambda tape, bar: None)
    none = w.overlay._replace(**{name: getattr(w.overlay, name)[:0] for name in EVENT_ARRAYS})
    runner.run(w.overlay, none)
    assert runner.memory["glimpses"][0] > 0


def test_only_overlays_of_the_same_rows_run_together():
    w, params = random_engine_world(1)
    other = w.overlay._replace(row=w.overlay.row[::-1].copy())
    with pytest.raises(ValueError, match="different rows"):
        PathRunner(w.without(params=as_record(params))).run(w.overlay, other)


# Was a bug: the handle's class is local, a new type in every process: the cache misses.
def test_the_handles_type_is_the_same_in_every_process():
    """What is compiled for a handle can only be found again if its class can be imported by name."""
    assert "<locals>" not in HandleType.__qualname__

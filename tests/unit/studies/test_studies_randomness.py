"""Every number of a path is a function of (seed, path, purpose): what else is sampled, or where, moves nothing."""

from hashlib import blake2b

import numpy as np
import pytest

from basisbt.events import FundingShock, NonConvergence, VenueDefault, WithdrawalFreeze
from basisbt.studies.sampling import Draws, without_defaults
from tests.support.places import ROOT
from tests.support.samples import MONTHS, busy, without

PATHS = range(40)
FULL = ("tail.sample.withdrawal_freeze.ends_in_default=0%",)
COPULAS = {
    "none": "{model: none}", "gaussian_copula": "{model: gaussian_copula, correlation: 30%}",
    "t_copula": "{model: t_copula, correlation: 30%, nu: 4}",
}  # fmt: skip
MODELS = COPULAS | {
    "common_shock": "{model: common_shock, correlation: 30%}", "hawkes": "{model: hawkes, branching: 30%}",
}  # fmt: skip


def draws(*overrides, **options) -> Draws:
    prepared = busy(*overrides, **options)
    return Draws(prepared.sample, prepared.world)


def told(event):
    """An event without the number of its venue or instrument, which depends on who else is in the config."""
    return {key: value for key, value in vars(event).items() if key not in ("venue", "instrument")}


def of(drawn, *kinds, venue=""):
    """What is drawn of these kinds at a venue, in words."""
    return [told(e) for e in drawn.events if isinstance(e, kinds) and e.name.split()[1].startswith(venue)]


def generator(seed, path, purpose):
    """numpy's own Philox, set up as MODEL.md section 9 and chance.py say."""
    mark = int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "little")
    bits = np.random.Philox(
        key=np.array([seed, path], np.uint64), counter=np.array([0, 0, 0, mark], np.uint64)
    )  # fmt: skip
    return np.random.Generator(bits)


@pytest.fixture(scope="module")
def full():
    """The paths with every kind of event."""
    drawer = draws(*FULL)
    return [drawer.draw(path) for path in PATHS]


@pytest.mark.parametrize("path", [17, 3, 39])
def test_a_path_drawn_alone_is_the_one_drawn_in_a_row(full, path):
    alone, there = draws(*FULL).draw(path), full[path]
    assert alone.events == there.events and np.array_equal(alone.row, there.row)
    for (base, bars, level), (base_there, bars_there, level_there) in zip(alone.chained, there.chained, strict=True):
        assert base == base_there and np.array_equal(bars, bars_there) and np.array_equal(level, level_there)


def test_drawing_backwards_changes_nothing(full):
    drawer = draws(*FULL)
    backwards = [drawer.draw(path) for path in reversed(PATHS)][::-1]
    assert [d.events for d in backwards] == [d.events for d in full]
    assert all(np.array_equal(a.row, b.row) for a, b in zip(backwards, full))


@pytest.mark.parametrize("paths", [1, 100_000])
def test_the_number_of_paths_changes_none_of_them(full, paths):
    drawer = draws(*FULL, paths=paths)
    for path in (0, 5):
        drawn = drawer.draw(path)
        assert drawn.events == full[path].events and np.array_equal(drawn.row, full[path].row)


def test_another_seed_is_another_sample(full):
    drawer = draws(*FULL, seed=8)
    others = [drawer.draw(path) for path in PATHS]
    assert not any(np.array_equal(a.row, b.row) for a, b in zip(others, full))
    assert not any(a.events and a.events == b.events for a, b in zip(others, full))


def test_no_two_paths_are_the_same(full):
    assert len({drawn.row.tobytes() for drawn in full}) == len(full)
    assert len({drawn.events for drawn in full if drawn.events}) == sum(bool(drawn.events) for drawn in full)


@pytest.mark.parametrize(
    ("gone", "kinds"),
    [("funding", (WithdrawalFreeze, VenueDefault, NonConvergence)),
     ("non_convergence", (WithdrawalFreeze, VenueDefault, FundingShock))],
)  # fmt: skip
@pytest.mark.parametrize("model", MODELS)
def test_a_kind_of_event_taken_out_leaves_the_others_alone(gone, kinds, model):
    every, fewer = (draws(f"tail.sample.dependence={MODELS[model]}", *more) for more in ((), without(gone)))
    for path in PATHS:
        a, b = every.draw(path), fewer.draw(path)
        assert [told(e) for e in b.events] == of(a, *kinds) and np.array_equal(a.row, b.row)
    assert any(len(every.draw(path).events) > len(fewer.draw(path).events) for path in PATHS)


def test_gaps_and_funding_do_not_ask_whether_venues_fail():
    every, calm = draws(*FULL), draws(*without("withdrawal_freeze", "venue_default"))
    for path in PATHS:
        a, b = every.draw(path), calm.draw(path)
        assert of(a, NonConvergence, FundingShock) == [told(e) for e in b.events] and np.array_equal(a.row, b.row)


@pytest.mark.parametrize("model", COPULAS)
def test_another_rate_at_one_venue_leaves_the_other_alone(model):
    one = f"tail.sample.dependence={COPULAS[model]}"
    usual, shaky = draws(one), draws(one, "venues.bybit.rates={withdrawal_freeze: 9/y, venue_default: 3/y}")
    for path in PATHS:
        a, b = usual.draw(path), shaky.draw(path)
        kinds = (WithdrawalFreeze, VenueDefault, NonConvergence, FundingShock)
        assert of(a, *kinds, venue="okx") == of(b, *kinds, venue="okx")
    assert any(of(usual.draw(k), WithdrawalFreeze) != of(shaky.draw(k), WithdrawalFreeze) for k in PATHS)


# Was a bug: a venue's freezes and defaults shared one clock at the sum of their rates.
@pytest.mark.parametrize("model", ["none", "t_copula"])
def test_another_default_rate_leaves_the_freezes_alone(model):
    """No freeze ends in default here."""
    one = (*FULL, f"tail.sample.dependence={COPULAS[model]}")
    rare, often = draws(*one), draws(*one, "tail.sample.venue_default.rate=3/y")
    for path in PATHS:
        a, b = rare.draw(path), often.draw(path)
        assert of(a, WithdrawalFreeze) == of(b, WithdrawalFreeze)


def test_one_venue_lives_through_what_it_lives_through_beside_another():
    """The market is the same too: common random numbers are what a comparison of setups rests on."""
    two, one = draws(), draws(config=ROOT / "configs" / "runs" / "06_paths_one_venue.yaml")
    for path in PATHS:
        a, b = two.draw(path), one.draw(path)
        assert of(b, WithdrawalFreeze, VenueDefault, NonConvergence, FundingShock) == [
            told(e) for e in a.events if e.name.split()[1].startswith("bybit")
        ]
        assert np.array_equal(a.row, b.row)


def test_the_market_does_not_ask_what_happens_on_it(full):
    calm = draws(*without("withdrawal_freeze", "venue_default", "non_convergence", "funding"))
    for path in PATHS:
        drawn = calm.draw(path)
        assert drawn.events == () and np.array_equal(drawn.row, full[path].row)


def test_a_history_market_has_the_events_of_a_bootstrapped_one(full):
    drawer = draws(*FULL, "tail.sample.market=history")
    for path in PATHS:
        drawn = drawer.draw(path)
        assert drawn.row is None and drawn.chained == () and drawn.events == full[path].events


@pytest.mark.parametrize("path", [0, 23])
def test_the_first_block_of_a_market_is_that_of_numpys_own_generator(full, path):
    # 59 days of hours; the first block starts at midnight of one of 59 days, its mean length is 10 days of 24 bars
    numbers = generator(7, path, "market")
    start, length = 24 * int(numbers.integers(59)), int(numbers.geometric(1 / 240))
    row = full[path].row
    seen = min(length, 1416 - start, row.size)
    assert row.size == 1416 and row[:seen].tolist() == list(range(start, start + seen))


@pytest.mark.parametrize("path", [2, 31])
def test_the_first_funding_shock_is_that_of_numpys_own_generator(path):
    # 8 a year: the first after an exponential time of mean 365 / 8 days from 2023-01-01 (1,672,531,200 s)
    numbers = generator(7, path, "funding:bybit:BTC/USDT:USDT")
    start = 1_672_531_200 + int(numbers.standard_exponential() / 8 * 365 * 86400)
    first = [e.start for e in draws(*without("withdrawal_freeze", "venue_default")).draw(path).events
             if e.name == "funding bybit:BTC/USDT:USDT 1"]  # fmt: skip
    assert first == ([start] if start < 1_672_531_200 + 59 * 86400 else [])


def test_a_shorter_window_has_the_beginning_of_the_same_events(full):
    """The horizon ends what is drawn, it does not move it: January's events are those of both months."""
    assert MONTHS == "20230101-20230301"
    drawer, end = draws(*FULL, timerange="20230101-20230201"), 1_672_531_200 + 31 * 86400
    for path in PATHS:
        assert list(drawer.draw(path).events) == [e for e in full[path].events if e.start < end]


# Was a bug: a freeze that a sudden default overtook never thawed on the path without defaults.
def test_without_defaults_every_freeze_ends():
    freeze = WithdrawalFreeze("withdrawal_freeze okx 1", 0, 100, None, origin="sample", fated=900)
    sudden = VenueDefault("venue_default okx", 0, 500, 0.5, origin="sample")  # but this came first, by itself
    (kept,) = without_defaults((freeze, sudden))
    assert kept.end == 900

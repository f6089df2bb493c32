"""What happens on a path: the same in any order, whoever else is there; what a venue's end ends; the path's clock."""

from dataclasses import replace

import numpy as np
import pytest

from basisbt.core.tape import DEFAULT
from basisbt.events import FundingShock, NonConvergence, VenueDefault, WithdrawalFreeze, make_overlay
from basisbt.events.arrivals import Arrivals, Clock, event_correlation, follows, stress_weights
from basisbt.events.chances import (
    Chances, DefaultChance, Dependence, FreezeChance, FundingChance, GapChance, Lognormal, Recovery, Stress,
)  # fmt: skip

HOUR, DAYS = 3600, 86400.0
TIME = np.arange(2 * 8760, dtype=np.int64) * HOUR


def chances(venues=("okx", "bybit"), ends_in_default=0.2, default=0.4, **others):
    n = len(venues)
    instruments = tuple((v, s) for v in venues for s in ("BTC/USDT", "BTC/USDT:USDT"))
    return Chances(
        venues, instruments,
        FreezeChance((1.5,) * n, Lognormal(3 * DAYS, 20 * DAYS), Lognormal(30 * DAYS, 90 * DAYS), ends_in_default),
        DefaultChance((default,) * n, Recovery(0.6, 0.35, 0.1, 0.1), Lognormal(300 * DAYS, 900 * DAYS)),
        GapChance((0.0, 2.0) * n, Lognormal(0.01, 0.05), 0.5, Lognormal(DAYS, 5 * DAYS)),
        FundingChance((0.0, 2.0) * n, Lognormal(0.001, 0.005), -1.0, Lognormal(2 * DAYS, 10 * DAYS)),
        **others,
    )  # fmt: skip


def arrivals(what=None, stress=None, seed=7):
    return Arrivals(what or chances(), seed, TIME, HOUR, stress)


def of(events, venue):
    """Events of one venue, by the names they carry, in order."""
    return [e for e in events if f" {venue}" in e.name]


def plain(event):
    """What an event is, without the number of its venue or instrument."""
    told = dict(vars(event))
    return {k: v for k, v in told.items() if k not in ("venue", "instrument")}


def test_a_path_is_the_same_in_any_order():
    one, other = arrivals(), arrivals()
    forth = [one.events(k) for k in range(30)]
    assert [other.events(k) for k in reversed(range(30))] == forth[::-1]
    assert len({events for events in forth}) == 30
    assert arrivals(seed=8).events(0) != forth[0]


def test_another_venue_leaves_the_events_of_the_first_alone():
    two, three = arrivals(), arrivals(chances(("kraken", "bybit", "okx")))
    for path in range(30):
        a, b = two.events(path), three.events(path)
        for venue in ("okx", "bybit"):
            assert [plain(e) for e in of(a, venue)] == [plain(e) for e in of(b, venue)]


def test_another_kind_of_event_leaves_the_others_alone():
    every = arrivals(chances(ends_in_default=0.0, default=0.0))
    fewer = arrivals(replace(chances(ends_in_default=0.0, default=0.0), funding=None))
    bare = arrivals(replace(chances(ends_in_default=0.0, default=0.0), funding=None, gap=None, default=None))
    with_sudden = arrivals(chances(ends_in_default=0.0, default=0.7))
    for path in range(20):
        events = every.events(path)
        assert events == tuple(e for e in with_sudden.events(path) if not isinstance(e, VenueDefault))
        assert fewer.events(path) == tuple(e for e in events if not isinstance(e, FundingShock))
        assert bare.events(path) == tuple(e for e in events if isinstance(e, WithdrawalFreeze))


def test_events_are_sampled_sorted_named_and_within_the_horizon():
    seen = set()
    for path in range(30):
        events = arrivals().events(path)
        seen |= {e.name for e in events}
        assert list(events) == sorted(events, key=lambda e: (e.start, e.kind, e.name))
        for event in events:
            assert event.origin == "sample" and isinstance(event.start, int) and 0 <= event.start < TIME[-1] + HOUR
    assert {"withdrawal_freeze okx 1", "venue_default okx", "non_convergence okx:BTC/USDT:USDT 1"} <= seen
    assert not [name for name in seen if name.split()[1].endswith("BTC/USDT")]  # spot has no gap and no funding


def test_a_venue_fails_once_and_what_comes_after_is_kept_for_the_path_without_the_default():
    twice = after = 0
    for path in range(300):
        events = arrivals().events(path)
        overlay = make_overlay(events, TIME, HOUR)
        for venue in (0, 1):
            defaults = [e for e in events if isinstance(e, VenueDefault) and e.venue == venue]
            twice += len(defaults) == 2
            bars = overlay.event_bar[(overlay.event_kind == DEFAULT) & (overlay.event_who == venue)]
            assert bars.tolist() == [min(e.start for e in defaults) // HOUR] if defaults else not bars.size
            after += any(e.start > defaults[0].start for e in of(events, ("okx", "bybit")[venue])) if defaults else 0
    assert twice > 5 and after > 50


def test_a_freeze_that_ends_badly_says_when():
    for path in range(200):
        events = arrivals().events(path)
        for freeze in (e for e in events if isinstance(e, WithdrawalFreeze)):
            assert (freeze.end is None) == (freeze.fated is not None)
        for default in (e for e in events if isinstance(e, VenueDefault) and e.root):
            mine = [e.fated for e in events if isinstance(e, WithdrawalFreeze) and e.venue == default.venue]
            assert default.start == min(end for end in mine if end is not None)


def test_a_freeze_that_ends_badly_never_thaws_and_is_the_root_of_the_default():
    roots = {"": 0, "withdrawal_freeze": 0}
    for path in range(200):
        events = arrivals().events(path)
        for default in (e for e in events if isinstance(e, VenueDefault)):
            freezes = [e for e in events if isinstance(e, WithdrawalFreeze) and e.venue == default.venue]
            roots[default.root] += 1
            assert 0.0 <= default.recovery <= 1.0 and default.recovered_at >= default.start
            if default.root:
                assert any(e.end is None and e.fated == default.start for e in freezes)
    assert min(roots.values()) > 20


def test_sizes_have_the_signs_they_are_given():
    gaps = [e.gap for k in range(100) for e in arrivals().events(k) if isinstance(e, NonConvergence)]
    rates = [e.rate for k in range(100) for e in arrivals().events(k) if isinstance(e, FundingShock)]
    assert min(gaps) < 0.0 < max(gaps) and min(gaps) >= -0.99 and max(rates) < 0.0


def test_freezes_that_make_more_defaults_than_there_are_are_refused():
    with pytest.raises(ValueError, match="okx: freezes end in 30.00% defaults"):
        arrivals(chances(default=0.1))


def test_a_market_in_stress_runs_the_clock_faster():
    # bars of an hour weigh 2, 0.5, 0.5: after 1 hour of operational time half of bar 0 has passed; after 2.25 half of 1
    year = 365.0 * 24.0
    clock = Clock(np.arange(3) * HOUR + 7200, HOUR, np.array([2.0, 0.5, 0.5]))
    assert clock.horizon == pytest.approx(3.0 / year)
    assert [clock.moment(h / year) - 7200 for h in (1.0, 2.25, 2.75)] == pytest.approx([1800, 5400, 9000], abs=1)
    assert Clock(np.arange(3) * HOUR + 7200, HOUR).moment(1.5 / year) == 7200 + 5400


def test_stress_is_the_volatility_of_the_rows_before():
    # moves of 1 % then of 4 %: with a lookback of one row, rows 2 and 3 look back on 1 %, rows 4 and 5 on 4 %; z is
    # -1, -1, 1, 1, so the weights are e^-0.5 and e^0.5, and 1 where nothing is known; row 6 does not exist
    close = np.exp(np.cumsum([0.0, 0.01, -0.01, 0.04, -0.04, 0.04]))[:, None] * 100.0
    weight = stress_weights(close, HOUR, Stress(0.5, HOUR))
    expected = np.exp([0.0, 0.0, -0.5, -0.5, 0.5, 0.5])
    assert weight == pytest.approx(expected / expected.mean())
    assert stress_weights(np.full((6, 1), 100.0), HOUR, Stress(0.5, HOUR)) == pytest.approx(np.ones(6))
    with pytest.raises(ValueError, match="looks back 24 bars, history has 6"):
        stress_weights(close, HOUR, Stress(0.5, 86400))


def test_what_follows_by_hand():
    # draw 0: B 10 days after A, so A is followed and B, last to fail, asks about an A already gone;
    # draw 1: at one instant, both ways; draw 2: A alone: asked about B once more, in vain
    failed = np.array([[1.0, 11.0], [5.0, 5.0], [9.0, np.inf]]) * DAYS
    told = follows(failed < np.inf, failed)
    assert (told["n"], told["value"]) == (4, 0.75)
    # residuals 1 - 0.75, 2 - 1.5, 0 - 0.75: squares 0.0625 + 0.25 + 0.5625 = 0.875
    assert told["error"] == pytest.approx(0.875**0.5 / 4)
    assert np.isnan(follows(np.zeros((3, 2), bool), np.full((3, 2), np.inf))["value"])


def test_event_correlation_by_hand():
    # 8 draws: both fail in 2, A alone in 2, B alone in 2, none in 2: no correlation; its error is 1 / sqrt(8)
    within = np.array([[1, 1], [1, 0], [0, 1], [0, 0]] * 2, bool)
    value, error = event_correlation(within)
    assert (value, error) == (pytest.approx(0.0), pytest.approx(8**-0.5))
    assert np.isnan(event_correlation(within[:, :1])[0]) and np.isnan(event_correlation(np.zeros((4, 2), bool))[0])


def test_dependence_reaches_the_events():
    shocked = arrivals(chances(dependence=Dependence("common_shock", correlation=1.0), ends_in_default=0.0, default=0.0))
    freezes = [e for e in shocked.events(1) if isinstance(e, WithdrawalFreeze)]
    starts = {v: [e.start for e in freezes if e.venue == v] for v in (0, 1)}
    assert starts[0] == starts[1] and starts[0]

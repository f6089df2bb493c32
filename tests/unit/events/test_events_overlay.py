"""What events do to a path: bars, levels and gaps, by hand."""

import numpy as np
import pytest

from basisbt.core.tape import DEFAULT, FREEZE_HELD, FREEZE_VOIDED, GAP, LEVEL, RATE, RECOVERY, THAW
from basisbt.engines.world import shown_changes
from basisbt.events import FundingShock, NonConvergence, PriceShock, VenueDefault, WithdrawalFreeze, make_overlay

START, HOUR = 1_672_531_200, 3600
TIME = START + HOUR * np.arange(12)


def overlay(*events):
    return make_overlay(events, TIME, HOUR)


def levels(result):
    return shown_changes(result, 2, 3)[0]


def gaps(result):
    return shown_changes(result, 2, 3)[1]


def sparse(result):
    return list(zip(result.event_bar.tolist(), result.event_kind.tolist(), result.event_who.tolist()))


def test_an_onset_is_floored_to_its_bar_and_an_end_ceiled_to_the_next_open():
    freeze = WithdrawalFreeze("f", 1, START + 2 * HOUR + 1800, START + 4 * HOUR + 60)
    assert sparse(overlay(freeze)) == [(2, FREEZE_HELD, 1), (5, THAW, 1)]


def test_at_one_instant_ends_come_before_onsets_and_onsets_in_config_order():
    first = WithdrawalFreeze("a", 0, START, START + 3 * HOUR)
    second = WithdrawalFreeze("b", 1, START + 3 * HOUR, None, voids_pending=True)
    third = WithdrawalFreeze("c", 0, START + 3 * HOUR, START + 30 * HOUR)
    assert sparse(overlay(second, first, third)) == [
        (0, FREEZE_HELD, 0), (3, THAW, 0), (3, FREEZE_VOIDED, 1), (3, FREEZE_HELD, 0),
    ]  # fmt: skip


def test_a_freeze_outside_the_window_does_nothing_and_one_that_began_before_is_there_from_the_start():
    assert sparse(overlay(WithdrawalFreeze("late", 0, START + 50 * HOUR, None))) == []
    assert sparse(overlay(WithdrawalFreeze("past", 0, START - 5 * HOUR, START - HOUR))) == []
    assert sparse(overlay(WithdrawalFreeze("on", 0, START - 5 * HOUR, START + HOUR))) == [
        (0, FREEZE_HELD, 0),
        (1, THAW, 0),
    ]


def test_a_price_shock_steps_to_its_move_at_bar_opens_and_holds():
    level = levels(overlay(PriceShock("r", 1, START + 2 * HOUR, 0.3, 3 * HOUR)))
    assert level[:, 0] == pytest.approx(np.ones(12))
    assert level[:7, 1] == pytest.approx([1.0, 1.0, 1.0, 1.1, 1.2, 1.3, 1.3])


def test_a_price_shock_that_reverts_comes_back_over_the_same_time_after_its_stay():
    level = levels(overlay(PriceShock("r", 0, START, 0.2, 2 * HOUR, "revert", HOUR)))[:, 0]
    assert level[:7] == pytest.approx([1.0, 1.1, 1.2, 1.2, 1.1, 1.0, 1.0])


def test_a_sudden_shock_is_there_at_once():
    assert levels(overlay(PriceShock("r", 0, START + HOUR, -0.5, 0)))[:3, 0] == pytest.approx([1.0, 0.5, 0.5])


def test_two_shocks_of_one_base_compound():
    both = overlay(PriceShock("a", 0, START, 0.5, 0), PriceShock("b", 0, START + HOUR, -0.5, 0))
    assert levels(both)[:2, 0] == pytest.approx([1.5, 0.75])


def test_a_gap_is_full_at_its_onset_bar_halves_and_ends():
    result = overlay(NonConvergence("g", 2, START + 2 * HOUR + 60, 0.04, 2 * HOUR, START + 7 * HOUR))
    assert set(result.event_who.tolist()) == {2} and set(result.event_kind.tolist()) == {GAP}
    assert gaps(result)[:8, 2] == pytest.approx([0, 0, 0.04, 0.04 / 2**0.5, 0.02, 0.02 / 2**0.5, 0.01, 0])
    assert result.event_bar.tolist() == [2, 3, 4, 5, 6, 7]  # a step where it changes, nowhere else


def test_gaps_of_one_instrument_compound_and_an_overlay_cannot_be_written():
    result = overlay(NonConvergence("a", 0, START, 0.1), NonConvergence("b", 0, START, 0.1))
    assert gaps(result)[0, 0] == pytest.approx(0.21) and result.event_bar.tolist() == [0]
    with pytest.raises(ValueError, match="read-only"):
        result.event_size[0] = 0.0


def test_a_default_stops_a_venue_after_everything_else_in_its_bar_and_pays_when_it_pays():
    freeze = WithdrawalFreeze("f", 1, START + HOUR, None)
    fail = VenueDefault("d", 1, START + HOUR + 60, 0.22, START + 5 * HOUR + 1)
    result = overlay(fail, freeze)
    assert sparse(result) == [(1, FREEZE_HELD, 1), (1, DEFAULT, 1), (6, RECOVERY, 1)]
    assert result.event_size.tolist() == [0.0, 0.22, 0.0]


def test_a_claim_paid_after_the_window_or_never_is_not_paid_in_it():
    assert [k for _, k, _ in sparse(overlay(VenueDefault("d", 0, START, 0.5, START + 99 * HOUR)))] == [DEFAULT]
    assert [k for _, k, _ in sparse(overlay(VenueDefault("d", 0, START, 0.5)))] == [DEFAULT]
    assert sparse(overlay(VenueDefault("late", 0, START + 99 * HOUR, 0.5))) == []


def test_a_claim_is_never_paid_at_the_instant_of_its_default():
    assert sparse(overlay(VenueDefault("d", 0, START + 2 * HOUR, 0.5, START))) == [(2, DEFAULT, 0), (3, RECOVERY, 0)]


def test_a_funding_shock_replaces_rates_and_gives_them_back():
    result = overlay(FundingShock("s", 2, START + HOUR + 60, -0.003, START + 4 * HOUR))
    assert sparse(result) == [(1, RATE, 2), (4, RATE, 2)]
    assert result.event_size[0] == -0.003 and np.isnan(result.event_size[1])


def test_what_the_world_shows_comes_before_what_happens_to_venues():
    result = overlay(WithdrawalFreeze("f", 0, START + HOUR), PriceShock("r", 0, START + HOUR, 0.1, 0))
    assert sparse(result) == [(1, LEVEL, 0), (1, FREEZE_HELD, 0)]


def test_a_resampled_market_brings_its_rows_and_levels():
    rows = np.array([3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    chained = [(b, np.array([0, 3]), np.array([1.0, 1.25])) for b in (0, 1)]
    result = make_overlay([PriceShock("r", 1, START + 5 * HOUR, 0.1, 0)], TIME, HOUR, rows, chained)
    assert result.row.tolist() == rows.tolist()
    shown = levels(result)
    assert shown[[2, 3, 5], 0] == pytest.approx([1.0, 1.25, 1.25])
    assert shown[[2, 3, 5], 1] == pytest.approx([1.0, 1.25, 1.375])


def test_a_gap_is_closed_when_a_millionth_of_it_is_left():
    long = START + HOUR * np.arange(60)
    result = make_overlay([NonConvergence("g", 0, START, 0.04, HOUR)], long, HOUR)
    assert result.event_bar[-1] == 21 and result.event_size[-1] == 0.0 and result.event_size[-2] == 0.04 / 2**20

"""What events do to a path: bars, levels and gaps, by hand."""

import numpy as np
import pytest

from basisbt.core.tape import FREEZE_HELD, FREEZE_VOIDED, THAW
from basisbt.events import NonConvergence, PriceShock, WithdrawalFreeze, make_overlay

START, HOUR = 1_672_531_200, 3600
TIME = START + HOUR * np.arange(12)


def overlay(*events):
    return make_overlay(events, TIME, HOUR, bases=2, instruments=3)


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
    level = overlay(PriceShock("r", 1, START + 2 * HOUR, 0.3, 3 * HOUR)).level
    assert level[:, 0] == pytest.approx(np.ones(12))
    assert level[:7, 1] == pytest.approx([1.0, 1.0, 1.0, 1.1, 1.2, 1.3, 1.3])


def test_a_price_shock_that_reverts_comes_back_over_the_same_time_after_its_stay():
    level = overlay(PriceShock("r", 0, START, 0.2, 2 * HOUR, "revert", HOUR)).level[:, 0]
    assert level[:7] == pytest.approx([1.0, 1.1, 1.2, 1.2, 1.1, 1.0, 1.0])


def test_a_sudden_shock_is_there_at_once():
    assert overlay(PriceShock("r", 0, START + HOUR, -0.5, 0)).level[:3, 0] == pytest.approx([1.0, 0.5, 0.5])


def test_two_shocks_of_one_base_compound():
    both = overlay(PriceShock("a", 0, START, 0.5, 0), PriceShock("b", 0, START + HOUR, -0.5, 0))
    assert both.level[:2, 0] == pytest.approx([1.5, 0.75])


def test_a_gap_is_full_at_its_onset_bar_halves_and_ends():
    result = overlay(NonConvergence("g", 2, START + 2 * HOUR + 60, 0.04, 2 * HOUR, START + 7 * HOUR))
    assert result.gap_of.tolist() == [-1, -1, 0]
    assert result.gap[:8, 0] == pytest.approx([0, 0, 0.04, 0.04 / 2**0.5, 0.02, 0.02 / 2**0.5, 0.01, 0])
    assert result.touched.tolist()[:8] == [False, False, True, True, True, True, True, False]


def test_gaps_of_one_instrument_compound_and_an_overlay_cannot_be_written():
    result = overlay(NonConvergence("a", 0, START, 0.1), NonConvergence("b", 0, START, 0.1))
    assert result.gap[0, 0] == pytest.approx(0.21)
    with pytest.raises(ValueError, match="read-only"):
        result.gap[0, 0] = 0.0

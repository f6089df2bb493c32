"""What events write into the overlay: bars, order, levels and gaps, by hand. Bars are hours; hour 0 is time 0."""

import numpy as np
import pytest

from basisbt.core.tape import FREEZE_HELD, FREEZE_VOIDED, THAW
from basisbt.engines.world import shown_changes
from basisbt.events import NonConvergence, PriceShock, WithdrawalFreeze, make_overlay

HOUR = 3600
TIME = np.arange(10) * HOUR


def overlay(*events):
    return make_overlay(events, TIME, HOUR)


def told(*events):
    """(bar, kind, venue) of what happens at bar opens, in order."""
    o = overlay(*events)
    return list(zip(o.event_bar.tolist(), o.event_kind.tolist(), o.event_who.tolist()))


def hours(h):
    return int(h * HOUR)


def test_ends_come_before_onsets_at_one_instant_whatever_the_config_order():
    later, earlier = WithdrawalFreeze("b", 0, hours(4), hours(6)), WithdrawalFreeze("a", 1, hours(1), hours(4))
    assert told(later, earlier) == [(1, FREEZE_HELD, 1), (4, THAW, 1), (4, FREEZE_HELD, 0), (6, THAW, 0)]


def test_equal_onsets_keep_the_config_order():
    assert [who for _, _, who in told(WithdrawalFreeze("a", 1, 0), WithdrawalFreeze("b", 0, 0))] == [1, 0]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (hours(-5), hours(2), [(0, FREEZE_HELD, 0), (2, THAW, 0)]),  # under way when the window opens
        (hours(-5), hours(0), []),  # over before
        (hours(-5), hours(-2), []),
        (hours(8), hours(50), [(8, FREEZE_HELD, 0)]),  # outlasts it
        (hours(9.9), None, [(9, FREEZE_HELD, 0)]),  # for good
        (hours(10), hours(12), []),  # after
        (hours(3.2), hours(3.3), [(3, FREEZE_HELD, 0), (4, THAW, 0)]),  # shorter than a bar: one whole bar
    ],
)
def test_freezes_at_the_edges_of_the_window(start, end, expected):
    assert told(WithdrawalFreeze("f", 0, start, end)) == expected


def test_a_freeze_may_void_what_is_pending():
    assert told(WithdrawalFreeze("f", 0, hours(1), None, True)) == [(1, FREEZE_VOIDED, 0)]


def test_a_price_shock_reverts_over_the_time_it_took_after_its_stay():
    # -20 % over 2 h from 01:00, stays 2 h (until 05:00), back over 2 h
    level = shown_changes(overlay(PriceShock("d", 0, hours(1), -0.2, hours(2), "revert", hours(2))), 1, 2)[0][:, 0]
    assert level == pytest.approx([1, 1, 0.9, 0.8, 0.8, 0.8, 0.9, 1, 1, 1])


def test_a_gap_decays_with_its_half_life_from_its_floored_onset_and_ends():
    # 4 % from 02:00 (floored), half every 2 h, gone at the first open from 06:30 on: 07:00
    o = overlay(NonConvergence("g", 1, hours(2.75), 0.04, hours(2), hours(6.5)))
    expected = [0, 0, 0.04, 0.04 / 2**0.5, 0.02, 0.02 / 2**0.5, 0.01, 0, 0, 0]
    gap = shown_changes(o, 1, 2)[1]
    assert gap[:, 1] == pytest.approx(expected) and not gap[:, 0].any()


def test_a_gap_without_half_life_and_end_stays_and_marks_its_bars():
    o = overlay(NonConvergence("g", 0, hours(4), -0.03))
    assert shown_changes(o, 1, 2)[1][:, 0] == pytest.approx([0] * 4 + [-0.03] * 6)
    assert o.event_bar.tolist() == [4]

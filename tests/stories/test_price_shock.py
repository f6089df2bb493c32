"""A rally with the exit shut: what usually kills a cross-venue pair (MODEL.md section 7, last paragraph).

Price rises 30 % over three days, the profit sits on A, A does not let it go, the short on B needs margin. Nothing
is coded for this: it must fall out of the rules. Alone on its venue with notional / leverage of margin the short
dies when N/lev - 0.30 N <= 1.30 N mmr, that is at leverage 1 / (0.30 + 1.30 mmr).
"""

import numpy as np
import pytest

from tests.support.worlds import PERP, SPOT, A, B, Desk, Freeze, world

BEFORE, OVER, AFTER = 24, 72, 24
BARS = BEFORE + OVER + AFTER
RALLY = 1.0 + 0.30 * np.clip((np.arange(BARS) - BEFORE) / OVER, 0.0, 1.0)  # steps at each open, then holds
SHUT = Freeze(A, BEFORE, BEFORE + OVER)
UNITS = 10.0  # 1,000 of notional at 100


def survives(leverage, mmr, events=(SHUT,), rescue=False):
    """Whether the short lives through the rally; rescue: every hour ask A for 400 until it goes."""
    deposits = {A: 1000.0 + 400.0, B: 1000.0 / leverage}
    desk = Desk(world(bars=BARS, level=RALLY, events=events, tiers=((0.0, mmr, 0.02),), deposits=deposits))
    desk.order(SPOT, UNITS)
    desk.order(PERP, -UNITS)
    sent = False
    for t in range(BARS):
        if rescue and t > BEFORE and not sent:
            desk.withdraw(A, B, 400.0)
        desk.step()
        sent = sent or desk.in_transit(A) > 0.0
    assert desk.position(SPOT) == UNITS
    return desk.position(PERP) != 0.0


@pytest.mark.parametrize("mmr", [0.005, 0.01, 0.05])
def test_the_leverage_at_which_the_short_dies_is_what_arithmetic_says(mmr):
    low, high = 2.0, 6.0
    assert survives(low, mmr) and not survives(high, mmr)
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if survives(middle, mmr) else (low, middle)
    assert low == pytest.approx(1.0 / (0.30 + 1.30 * mmr), abs=1e-5)  # 1 % : 3.19489


def test_with_the_exit_open_the_profit_arrives_in_time():
    assert not survives(4.0, 0.01, rescue=True)
    assert survives(4.0, 0.01, events=(), rescue=True)


def test_a_freeze_that_ends_before_the_price_has_come_up_is_survived():
    # At leverage 4 the short dies at 1.25 / 1.01 = 1.2376, 57.03 of 72 hours into the rally; a transfer takes an hour.
    assert survives(4.0, 0.01, events=(Freeze(A, BEFORE, BEFORE + 56),), rescue=True)
    assert not survives(4.0, 0.01, events=(Freeze(A, BEFORE, BEFORE + 58),), rescue=True)

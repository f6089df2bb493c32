"""How venues make a funding rate, on what it is paid, and what a gap does to it (MODEL.md sections 5 and 8).

Everything in basis points; formulas and caps as the venues publish them.
"""

import numpy as np
import pytest

from basisbt.core.funding import formula
from basisbt.core.rules import FUNDING
from basisbt.market.formula import HOUR, FundingFormula, made_stamps, mean_premia, paid_on, premia
from basisbt.market.grid import Grid
from tests.support.worlds import PERP, Desk, world

BP = 1e-4
BINANCE = FundingFormula(
    made=True, interest=1 * BP, damper=5 * BP, weighted=True, divided=True, spread=8.0, interval=8 * HOUR, price="mark",
    floor=-30 * BP, cap=30 * BP, continuous=False, calm=0.2 * BP, calm_count=36, then=4 * HOUR,
)  # fmt: skip


def grid(hours, step=HOUR):
    """Bars from midnight on."""
    return Grid(0, step, hours * HOUR // step, hours * HOUR)


@pytest.mark.parametrize(
    ("premium", "hours", "rate"),
    [
        (3 * BP, 8, 1 * BP),  # within 5 bp of the interest: the interest
        (20 * BP, 8, 15 * BP),  # 20 - 5
        (-20 * BP, 8, -15 * BP),
        (20 * BP, 4, 7.5 * BP),  # half of it every four hours
        (20 * BP, 1, 1.875 * BP),
    ],
)
def test_binance_divides_the_whole_by_the_intervals_in_eight_hours(premium, hours, rate):
    assert formula(premium, hours, 1 * BP, 5 * BP, True, 8.0) == pytest.approx(rate, abs=1e-12)


def test_bybit_scales_the_interest_only():
    """4 h: interest 0.5 bp; 20 + clamp(0.5 - 20, 5) = 15."""
    assert formula(20 * BP, 4, 1 * BP, 5 * BP, False, 8.0) == pytest.approx(15 * BP, abs=1e-12)
    assert formula(3 * BP, 4, 1 * BP, 5 * BP, False, 8.0) == pytest.approx(0.5 * BP, abs=1e-12)


def test_okx_pays_the_mean_premium_and_kraken_a_twenty_fourth_an_hour():
    assert formula(7 * BP, 8, 0.0, 0.0, True, 8.0) == 7 * BP
    assert formula(24 * BP, 1, 0.0, 0.0, True, 24.0) == pytest.approx(1 * BP)


def test_premia_are_weighted_by_their_place_in_the_interval():
    """1, 2, 3, 4 bp in four hours: plain 2.5; weighted (1 + 4 + 9 + 16) / 10 = 3."""
    premium = np.array([1, 2, 3, 4, 9, 9]) * BP
    at = np.array([0]), np.array([4 * HOUR])
    assert mean_premia(premium, grid(6), *at, False)[0] == pytest.approx(2.5 * BP)
    assert mean_premia(premium, grid(6), *at, True)[0] == pytest.approx(3.0 * BP)


def test_rates_are_made_from_prices_and_the_index():
    premium = premia(np.array([100.2] * 16), np.array([100.0] * 16))
    time, rate, hours = made_stamps(premium, grid(16), BINANCE)
    assert time.tolist() == [8 * HOUR] and hours.tolist() == [8.0]
    assert rate.tolist() == [pytest.approx(15 * BP)]  # 20 - 5


def test_a_settlement_at_the_cap_makes_the_contract_hourly_and_calm_brings_it_back():
    """08:00 at the cap of 30 bp; from then on hourly; calm from the next hour on: after 36 calm settlements in a row,
    at 44 h, every four hours: 48, 52, 56 h."""
    premium = np.where(np.arange(60) < 8, 60 * BP, 0.0)
    rule = BINANCE._replace(interest=0.0, damper=0.0)
    time, rate, hours = made_stamps(premium, grid(60), rule)
    assert time[0] == 8 * HOUR and rate[0] == 30 * BP
    assert (time[1:37] / HOUR).tolist() == list(range(9, 45)) and set(hours[1:37]) == {1.0}
    assert (time[37:] / HOUR).tolist() == [48.0, 52.0, 56.0] and set(hours[37:]) == {4.0}


def test_a_rate_at_the_cap_again_starts_the_count_anew():
    premium = np.where(np.arange(70) < 8, 60 * BP, 0.0)
    premium[20] = 400 * BP  # an hour of 4 %: an eighth of it is beyond the cap
    rule = BINANCE._replace(interest=0.0, damper=0.0)
    time, rate, _ = made_stamps(premium, grid(70), rule)
    hourly = np.flatnonzero(np.diff(time) == HOUR)
    assert rate[np.flatnonzero(time == 21 * HOUR)[0]] == 30 * BP
    assert time[hourly[-1] + 1] == 57 * HOUR  # 21 + 36


def test_deribit_accrues_all_the_time():
    """A mark 10 bp over the index: 7.5 bp per 8 h; in bars of an hour an eighth each."""
    rule = BINANCE._replace(interest=0.0, damper=2.5 * BP, continuous=True, calm_count=0, weighted=False)
    time, rate, _ = made_stamps(np.full(5, 10 * BP), grid(5), rule)
    assert (time / HOUR).tolist() == [1, 2, 3, 4]
    assert rate.tolist() == [pytest.approx(7.5 * BP / 8)] * 4


def test_hyperliquid_pays_on_the_oracle_and_kraken_on_the_index_an_hour_before():
    index = np.array([100.0, 101.0, 102.0, 103.0])
    times, hours = np.array([HOUR, 3 * HOUR]), np.array([1.0, 1.0])
    assert paid_on(BINANCE._replace(price="oracle"), index, grid(4), times, hours).tolist() == [101.0, 103.0]
    assert paid_on(BINANCE._replace(price="index_at_start"), index, grid(4), times, hours).tolist() == [100.0, 102.0]
    assert paid_on(BINANCE, index, grid(4), times, hours) is None


def following(recorded, premium, gap, **rule):
    """Funding of one stamp at 8 h for a short of 5 at 100 when its price has left the index by `gap`."""
    more = {name: np.array([0.0, value]) for name, value in rule.items()}
    more["funding_divided"] = np.array([True, True])
    desk = Desk(world(bars=12, funding={PERP: {8: recorded}}, premium=premium, gap={PERP: [gap] * 12},
                      echo={PERP: [gap] * 12}, more=more))  # fmt: skip
    desk.order(PERP, -5.0)
    desk.step(10)
    (_, amount), = desk.postings(FUNDING)
    return amount / (500.0 * (1.0 + gap))


def test_funding_follows_a_gap_by_the_venues_formula_and_no_further_than_its_cap():
    """Recorded 1 bp with a premium of 2 bp, inside the damper. A gap of 20 bp: 22 - 5 = 17 instead of 1: 16 more."""
    rule = dict(funding_interest=1 * BP, funding_damper=5 * BP, funding_cap=30 * BP, funding_floor=-30 * BP)
    assert following(1 * BP, 2 * BP, 20 * BP, **rule) == pytest.approx(17 * BP)
    assert following(1 * BP, 2 * BP, -20 * BP, **rule) == pytest.approx(-13 * BP)  # -18 + 5
    assert following(1 * BP, 2 * BP, 300 * BP, **rule) == pytest.approx(30 * BP)
    assert following(1 * BP, 2 * BP, 2 * BP, **rule) == pytest.approx(1 * BP)  # still within the damper


def test_without_a_known_premium_it_stays_as_recorded():
    assert following(1 * BP, np.nan, 20 * BP, funding_cap=30 * BP, funding_floor=-30 * BP) == pytest.approx(1 * BP)


def test_intervals_are_data():
    """8 h, then 4 h, then 2 h, as SOL's in November 2022: each stamp settles once, whatever lies between."""
    stamps = {8: 1 * BP, 16: 2 * BP, 20: 3 * BP, 24: 4 * BP, 26: 5 * BP, 28: 6 * BP}
    desk = Desk(world(bars=30, funding={PERP: stamps}))
    desk.order(PERP, -5.0)
    desk.step(30)
    assert desk.postings(FUNDING) == [(float(h), pytest.approx(500.0 * rate)) for h, rate in stamps.items()]

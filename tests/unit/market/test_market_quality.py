"""Every check on load names the file, the row, its time and the value, and what it should have been."""

import numpy as np
import pytest

from basisbt.errors import DataError
from basisbt.market.store import read_bars, read_funding

START = 1_672_531_200
FAR = 2**40
NAN, INF = float("nan"), float("inf")


def bars_with(market, **changes):
    """Four good hours, with (row, value) changes."""
    good = {"open": [10.0] * 4, "high": [12.0] * 4, "low": [9.0] * 4, "close": [11.0] * 4, "volume": [1.0] * 4}
    for name, (row, value) in changes.items():
        good[name][row] = value
    return market.columns("okx", "BTC/USDT", "trade_1h", range(4), **good)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"open": (2, NAN)}, "row 2 (2023-01-01T02:00Z): open nan; expected a finite price"),
        ({"high": (1, INF)}, "row 1 (2023-01-01T01:00Z): high inf; expected a finite price"),
        ({"low": (0, 0.0)}, "row 0 (2023-01-01): low 0; expected a positive price"),
        ({"close": (3, -5.0)}, "row 3 (2023-01-01T03:00Z): close -5; expected a positive price"),
        ({"high": (1, 8.0)}, "row 1 (2023-01-01T01:00Z): high 8 is below low 9; expected high ≥ open, close and low"),
        (
            {"high": (1, 9.5)},
            "row 1 (2023-01-01T01:00Z): high 9.5 is below open 10; expected high ≥ open, close and low",
        ),
        (
            {"close": (1, 13.0)},
            "row 1 (2023-01-01T01:00Z): high 12 is below close 13; expected high ≥ open, close and low",
        ),
        (
            {"low": (2, 10.5)},
            "row 2 (2023-01-01T02:00Z): low 10.5 is above open 10; expected low ≤ open, close and high",
        ),
        ({"volume": (2, -1.0)}, "row 2 (2023-01-01T02:00Z): volume -1; expected a finite volume, zero or more"),
        ({"volume": (2, NAN)}, "row 2 (2023-01-01T02:00Z): volume nan; expected a finite volume, zero or more"),
    ],
)
def test_a_bar_that_cannot_be(market, changes, said):
    path = bars_with(market, **changes)
    with pytest.raises(DataError) as caught:
        read_bars(path, 0, FAR)
    assert str(caught.value) == f"{path}: {said}"


def test_the_first_offence_is_named_and_the_others_are_counted(market):
    path = market.columns(
        "okx", "BTC/USDT", "trade_1h", range(4), open=[1.0] * 4, high=[0.5] * 4, low=[0.5] * 4, close=[1.0] * 4
    )
    with pytest.raises(DataError, match=r"row 1 .* \(2 more such rows\)"):
        read_bars(path, START + 3600, FAR)  # row 0 is outside of the window and nobody's concern


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ([0, 1, 1, 2], "row 2 (2023-01-01T01:00Z): the timestamp repeats row 1; expected each timestamp once"),
        ([0, 2, 1, 3], "row 2 (2023-01-01T01:00Z): the timestamp is before row 1 (2023-01-01T02:00Z); expected rows sorted by time"),
        ([0, 1, 2.5, 3], "row 2 (2023-01-01T02:30Z): the bar opens at 2023-01-01T02:30:00Z; expected an opening on the 1h UTC grid"),
        ([0, 1, 2 + 0.005 / 3600, 3], "row 2 (2023-01-01T02:00Z): the bar opens at 2023-01-01T02:00:00.005Z; expected an opening on the 1h UTC grid"),
    ],
)  # fmt: skip
def test_times_that_cannot_be(market, hours, said):
    path = market.bars("okx", "BTC/USDT", "trade_1h", hours, [100] * 4)
    with pytest.raises(DataError) as caught:
        read_bars(path, 0, FAR)
    assert str(caught.value) == f"{path}: {said}"


@pytest.mark.parametrize("rate", [NAN, INF, 1.5, -2.0])
def test_a_funding_rate_is_a_finite_fraction(market, rate):
    path = market.funding("okx", "BTC/USDT:USDT", [0, 8, 16], [1e-4, rate, 1e-4])
    with pytest.raises(DataError) as caught:
        read_funding(path, 0, FAR)
    expected = "expected a fraction like 0.0001 (one basis point), at most 1 in size"
    assert str(caught.value) == f"{path}: row 1 (2023-01-01T08:00Z): funding_rate {rate:g}; {expected}"


def test_a_funding_mark_is_positive_or_empty(market):
    path = market.funding("okx", "BTC/USDT:USDT", [0, 8], [1e-4, 1e-4], mark=[NAN, 100.0])
    assert np.isnan(read_funding(path, 0, FAR).mark[0])
    path = market.funding("okx", "BTC/USDT:USDT", [0, 8], [1e-4, 1e-4], mark=[NAN, 0.0])
    with pytest.raises(DataError, match=r"row 1 .*: mark 0; expected a positive price, or an empty cell"):
        read_funding(path, 0, FAR)


def test_two_settlements_in_one_minute_are_refused(market):
    # Binance stamps drift by milliseconds: 08:00:00.003 is the 08:00 settlement, and so is 08:00:40.
    path = market.funding("okx", "BTC/USDT:USDT", [0, 8 + 0.003 / 3600, 8 + 40 / 3600], [1e-4] * 3)
    with pytest.raises(DataError) as caught:
        read_funding(path, 0, FAR)
    said = "row 2 (2023-01-01T08:00Z): a second settlement in the minute of row 1; expected one settlement a minute"
    assert str(caught.value) == f"{path}: {said}"


def test_a_drifting_stamp_is_floored_to_its_minute(market):
    path = market.funding("okx", "BTC/USDT:USDT", [0, 8 + 0.003 / 3600, 16 + 59 / 3600], [1e-4] * 3)
    assert read_funding(path, 0, FAR).time.tolist() == [START, START + 8 * 3600, START + 16 * 3600]

"""Contracts that settle in the coin: gains, entries, funding, margin and what they are worth in dollars."""

import math

import numpy as np
import pytest

from basisbt.core.rules import BASIS, COLLATERAL, DIRECTIONAL, FEE, FUNDING, LIQUIDATION, PRICE
from basisbt.core.books import T_INSTRUMENT, T_QUANTITY
from basisbt.engines.machine import run_loop
from basisbt.strategy import hold
from tests.support.worlds import A, COIN, USDT, Desk, coin_perpetual, spot, world

SPOT, COIN_M = 0, 1
LEGS = (spot(A), coin_perpetual(A))


def coin_desk(prices, perpetual=None, money=1000.0, counted=1.0, **given):
    """One venue, spot and an inverse perpetual on the same coin, which counts as margin."""
    bars = len(prices)
    w = world(
        legs=LEGS, bars=bars, price=prices[0], prices={SPOT: prices, COIN_M: perpetual or prices}, counted={A: counted},
        deposits={A: money}, **given,
    )  # fmt: skip
    return Desk(w)


def test_a_coin_and_a_1x_short_are_worth_the_same_at_every_price():
    """10 coins at 100 and a short of 1,000 USD: 10 p in coins, and 1000 (p / 100 - 1) lost on the short, is 1,000."""
    prices = [100.0, 100.0, 150.0, 300.0, 40.0, 2.0, 1.0, 100.0]
    desk = coin_desk(prices)
    desk.order(SPOT, 10.0)
    desk.order(COIN_M, -1000.0)
    for _ in prices:
        desk.step()
        assert desk.marked == pytest.approx(1000.0, abs=1e-9)
        assert desk.line(DIRECTIONAL) == pytest.approx(0.0, abs=1e-9) and desk.line(BASIS) == pytest.approx(0.0, abs=1e-9)
        assert desk.book.distance[A] == math.inf  # no price liquidates it
    assert desk.outcomes() == ["filled", "filled"]


def test_what_the_short_gains_is_the_basis_that_closes():
    """Sold at 110 while spot is 100: 10 coins are hedged by 1,100 USD. At 200 on both: the short has lost
    1100 (1/110 - 1/200) = 4.5 coins, 900 USD; the coins have gained 1,000. The 100 are the basis of 10 coins x 10."""
    desk = coin_desk([100.0, 200.0], [110.0, 200.0])
    desk.order(SPOT, 10.0)
    desk.order(COIN_M, -1100.0)
    desk.step(2)
    assert desk.marked == pytest.approx(1100.0)
    assert (desk.line(DIRECTIONAL), desk.line(BASIS)) == (pytest.approx(0.0, abs=1e-9), pytest.approx(100.0))


def test_average_entry_is_harmonic():
    """Published by Bybit: 1,000 at 5,000 and 2,000 at 6,000 are 3,000 at 5,625."""
    desk = coin_desk([5000.0, 6000.0], money=10_000.0)
    desk.order(SPOT, 1.0)
    desk.order(COIN_M, 1000.0)
    desk.step()
    desk.order(COIN_M, 2000.0)
    desk.step()
    assert desk.book.entry[COIN_M] == pytest.approx(5625.0, rel=1e-12) and desk.position(COIN_M) == 3000.0


@pytest.mark.parametrize(("case", "size", "entry", "exit", "coins"), [
    ("G065", -100_000.0, 10_000.0, 11_000.0, -0.90909091), ("G067", 100_000.0, 10_500.0, 11_505.6, 0.83238969),
    ("G068", -1_250_000.0, 15_500.0, 12_506.65, 19.30166700),
    ("G066", -100_000.0, 375.95, 370.0, 4.27745208), ("G131", 10_000.0, 50_000.0, 40_000.0, -0.05),
])  # fmt: skip
def test_published_results_in_coin(case, size, entry, exit, coins):
    desk = coin_desk([entry, exit], money=300 * entry, tiers=((0.0, 0.0, 0.0),))
    desk.order(SPOT, 300.0)
    desk.order(COIN_M, size)
    desk.step()
    desk.order(COIN_M, -size)
    desk.step()
    assert desk.wallet(A, COIN) - 300.0 == pytest.approx(coins, abs=5e-9), case
    assert [round(amount, 8) for _, amount in desk.postings(PRICE)][-1] == coins


def test_funding_is_paid_in_coin_on_the_notional_in_coin():
    """G107, BitMEX: 15,000 long at 750 pays 0.25 %, 0.05 coins; out at 800 it has made 1.25 less that."""
    desk = coin_desk([750.0, 750.0, 800.0], money=2 * 750.0, funding={COIN_M: {1: 0.0025}}, tiers=((0.0, 0.0, 0.0),))
    desk.order(SPOT, 2.0)
    desk.order(COIN_M, 15_000.0)
    desk.step(2)
    assert desk.postings(FUNDING) == [(1.0, pytest.approx(-0.05))]
    desk.order(COIN_M, -15_000.0)
    desk.step()
    assert desk.wallet(A, COIN) == pytest.approx(2.0 + 1.2)
    assert desk.line(FUNDING) == pytest.approx(-0.05 * 750.0)


def test_a_long_dies_where_the_coins_run_out():
    """10,000 long at 8,000 on 0.5 coins, maintenance 0.5 %: 0.5 + 1.25 - 10000 / L = 50 / L at L = 10050 / 1.75 =
    5,742.857. The coin's own fall does not matter: everything is in coin. What is left, 0.5 + 1.25 - 10000 / L, is
    the maintenance, 0.008707 coins."""
    desk = coin_desk(
        [8000.0, (8000.0, 8000.0, 5000.0, 5500.0)], money=4000.0, tiers=((0.0, 0.005, 0.01),), liquidation_fee=0.0
    )
    desk.order(SPOT, 0.5)
    desk.order(COIN_M, 10_000.0)
    desk.step(2)
    assert desk.outcomes() == ["filled", "filled", "liquidation"]
    dead = 10_050.0 / 1.75
    assert desk.tickets()[-1][3] == pytest.approx(dead, rel=1e-12)
    assert desk.wallet(A, COIN) == pytest.approx(50.0 / dead, rel=1e-9)
    assert desk.marked == pytest.approx(50.0 / dead * 5500.0, rel=1e-9)
    lost = desk.marked - 4000.0
    assert desk.line(DIRECTIONAL) + desk.line(BASIS) == pytest.approx(lost, rel=1e-9)


def test_a_haircut_leaves_less_than_the_coin():
    """At 95 % ten coins count for 950. A 1x short makes that 0.95 x 10 p - 1000 (p / 100 - 1): above
    0.5 p x 10 / p... it meets maintenance of 1 % of 10 coins x 100 where 9.5 p - 10 p + 1000 = 10, at p = 1,980."""
    desk = coin_desk([100.0, 1900.0, (1900.0, 2100.0, 1900.0, 1990.0)], counted=0.95)
    desk.order(SPOT, 10.0)
    desk.order(COIN_M, -1000.0)
    desk.step(2)
    # (1980 - 1900) / 1900
    assert desk.book.distance[A] == pytest.approx(80.0 / 1900.0, rel=1e-9) and desk.outcomes() == ["filled", "filled"]
    desk.step()
    assert desk.outcomes()[-1] == "liquidation"
    assert desk.tickets()[-1][3] == pytest.approx(1980.0, rel=1e-9)


def test_brackets_count_the_first_coins_more():
    """4 coins at 100 %, what is beyond at 50 %: ten coins at 100 count for 700, and 2 % of a short of 2,000 is 40."""
    desk = coin_desk([100.0, 100.0], counted=((0.0, 1.0), (4.0, 0.5)))
    desk.order(SPOT, 10.0)
    desk.order(COIN_M, -2000.0)
    desk.step()
    assert desk.book.margin[0, 0, :2].tolist() == pytest.approx([700.0, 20.0])


def test_a_coin_that_does_not_count_is_no_margin():
    desk = coin_desk([100.0, 100.0], counted=0.0)
    desk.order(SPOT, 9.9)
    desk.order(COIN_M, -1000.0)  # 2 % of it is 20 USD, 10 USDT are left
    desk.step(2)
    assert desk.outcomes() == ["filled", "not_enough_margin"]


def test_fees_are_in_coin_and_everything_sums():
    """Fee 0.1 %: the spot's in USDT, the perpetual's in coin, 1000 / 100 x 0.1 % = 0.01."""
    prices = [100.0, 130.0, 90.0, 70.0, 120.0, 120.0]
    perpetual = [101.0, 133.0, 89.0, 70.5, 121.0, 120.0]
    desk = coin_desk(prices, perpetual, money=1500.0, fee=0.001, spread=0.0002, funding={COIN_M: {2: 0.001, 3: -0.002}})
    desk.order(SPOT, 10.0)
    desk.order(COIN_M, -1000.0)
    desk.step()
    assert desk.wallet(A, COIN) == pytest.approx(10.0 - 1000.0 / 101.0 * 0.0012)
    desk.step()
    desk.order(COIN_M, 400.0)
    desk.step()
    desk.order(COIN_M, -700.0)
    desk.order(SPOT, -2.0)
    desk.step()
    desk.order(COIN_M, 1300.0)
    desk.step()
    desk.order(SPOT, -desk.wallet(A, COIN))
    desk.step()
    assert desk.position(COIN_M) == 0.0 and desk.wallet(A, COIN) == 0.0
    assert desk.outcomes() == ["filled"] * 7
    total = sum(desk.line(kind) for kind in range(2, 17))
    assert total == pytest.approx(desk.marked - 1500.0, abs=1e-9)
    assert desk.line(COLLATERAL) == 0.0 and desk.line(FEE) < 0.0 and desk.line(LIQUIDATION) == 0.0
    assert desk.wallet(A, USDT) == pytest.approx(desk.marked)


def holding(size):
    """A strategy that asks for `size` USD at the first close, and for nothing at that of bar `UNTIL`."""

    def decide(seen, book, want, p):
        if seen.now in (0, UNTIL):
            hold(want, 0, size if seen.now == 0 else 0.0)

    return decide


UNTIL = 4


@pytest.mark.parametrize("last", [50.0, 100.0, 180.0])
def test_a_pair_is_closed_with_what_its_short_paid(last):
    """2,000 USD long and short from 100 on, closed at `last`: the short pays 2000 (1/last - 1/100) coins, more or
    fewer, and all that is then there is sold: 2,000 USD again, whatever the price. Short first, then the coins."""
    w = world(
        legs=LEGS, bars=7, prices={SPOT: [100.0] * 3 + [last] * 4, COIN_M: [100.0] * 3 + [last] * 4}, counted={A: 1.0},
        deposits={A: 2500.0}, decide=holding(2000.0), leverage=1.0,
    )  # fmt: skip
    machine = run_loop(w)
    book = machine.book
    assert book.equity[:, 0] == pytest.approx([2500.0] * 7)
    assert book.position[COIN_M] == 0.0 and book.held[0].tolist() == [0.0, 0.0]
    assert book.balance[A] == pytest.approx([2500.0, 0.0, 0.0], abs=1e-9)
    filled = [(row[T_INSTRUMENT], number[T_QUANTITY]) for rows, numbers in machine.tickets
              for row, number in zip(rows.tolist(), numbers.tolist())]  # fmt: skip
    coins = 20.0 + 2000.0 * (1.0 / last - 1.0 / 100.0)
    assert filled == [(SPOT, 20.0), (COIN_M, -2000.0), (COIN_M, 2000.0), (SPOT, pytest.approx(-coins))]


def test_what_the_coins_do_not_cover_is_sold_for_or_owed():
    """Short 3,000 USD on 10 coins (1,000 USD) and 500 USDT. From 100 the price jumps to 200: 3000 (1/100 - 1/200) =
    15 coins are lost, 5 more than there are: 500 USDT buy 2.5 of them at 200, the fund pays the rest."""
    desk = coin_desk([100.0, 200.0, 200.0], money=1500.0)
    desk.order(SPOT, 10.0)
    desk.order(COIN_M, -3000.0)
    desk.step(2)
    assert desk.outcomes() == ["filled", "filled", "liquidation"]
    assert (desk.wallet(A, COIN), desk.wallet(A, USDT)) == (pytest.approx(0.0, abs=1e-9), pytest.approx(0.0, abs=1e-9))
    assert desk.marked == pytest.approx(0.0, abs=1e-9)
    assert sum(desk.line(kind) for kind in range(2, 17)) == pytest.approx(-1500.0, abs=1e-9)
    assert np.isfinite(desk.accessible)

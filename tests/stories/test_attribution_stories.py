"""Where the money came from: directional and basis by hand over two changes of position, lines that sum to P&L."""

import numpy as np
import pytest

from basisbt.core.rules import BASIS, COLLATERAL, DIRECTIONAL, FEE, FUNDING, SPREAD, TRANSFER_FEE
from tests.support.worlds import PERP, SPOT, A, B, Desk, Freeze, world

# Index 100 -> 110 -> 105 -> 120; the instrument 100 -> 112 -> 104 -> 121. Held: 4, then 6, then 3 units.
INDEX = [100, 110, 105, 120]
PRICE = [100, 112, 104, 121]
# directional: 4 * (110 - 100) + 6 * (105 - 110) + 3 * (120 - 105) = 40 - 30 + 45 = 55
# all price P&L: 4 * (112 - 100) + 6 * (104 - 112) + 3 * (121 - 104) = 48 - 48 + 51 = 51, so basis = -4


@pytest.mark.parametrize(("leg", "side"), [(SPOT, 1.0), (PERP, 1.0), (PERP, -1.0)])
def test_direction_and_basis_of_a_position_that_changed_twice(leg, side):
    desk = Desk(world(bars=4, prices={SPOT: PRICE, PERP: PRICE}, index={0: INDEX}))
    for quantity in (4.0, 2.0, -3.0):
        desk.order(leg, side * quantity)
        desk.step()
    desk.step()
    assert desk.position(leg) == side * 3.0
    assert desk.line(DIRECTIONAL, leg) == pytest.approx(side * 55.0)
    assert desk.line(BASIS, leg) == pytest.approx(side * -4.0)
    assert desk.line(COLLATERAL) == 0.0
    assert desk.marked - desk.world.capital == pytest.approx(side * 51.0)


def test_a_position_turned_through_zero_splits_at_the_turn():
    desk = Desk(world(bars=3, prices={PERP: [100, 112, 104]}, index={0: [100, 110, 105]}))
    desk.order(PERP, 4.0)
    desk.step()
    desk.order(PERP, -7.0)  # from 4 long to 3 short at 112
    desk.step(2)
    assert desk.line(DIRECTIONAL, PERP) == pytest.approx(4 * 10 - 3 * -5)  # 55
    assert desk.line(BASIS, PERP) == pytest.approx(4 * 12 - 3 * -8 - 55)  # 72 - 55 = 17
    assert desk.wallet(B) == pytest.approx(1048.0)  # 4 * 12 realised
    assert desk.book.entry[PERP] == 112.0


def test_a_hedged_pair_has_no_direction():
    path = list(100.0 + np.arange(10) * 3.0)
    desk = Desk(world(bars=10, prices={SPOT: path, PERP: [p * 1.002 for p in path]}, index={0: path}))
    desk.order(SPOT, 5.0)
    desk.order(PERP, -5.0)
    desk.step(10)
    assert desk.line(DIRECTIONAL) == pytest.approx(0.0, abs=1e-9)
    # The short sold 0.2 % over the index of 100 and stands 0.2 % over 127: -5 * 0.002 * 27.
    assert desk.line(BASIS) == pytest.approx(-0.27)
    assert desk.marked - desk.world.capital == pytest.approx(-0.27)


def test_every_line_of_a_small_story_and_their_sum():
    desk = Desk(
        world(
            bars=12, prices={SPOT: [100] * 5 + [110], PERP: [100] * 5 + [111]}, index={0: [100] * 5 + [110]},
            funding={PERP: {8: 0.001}}, fee=0.001, spread=0.0005, transfer_fee=2.0, events=[Freeze(A, 6, 8)],
        )
    )  # fmt: skip
    desk.order(SPOT, 5.0)
    desk.order(PERP, -5.0)
    desk.step(2)
    desk.withdraw(A, B, 100.0)
    desk.step(10)
    assert desk.line(FEE) == pytest.approx(-1.0)  # two fills of 500 at 0.1 %
    assert desk.line(SPREAD) == pytest.approx(-0.5)  # and half a spread of 0.05 % each
    assert desk.line(TRANSFER_FEE) == -2.0
    assert desk.line(FUNDING) == pytest.approx(0.555)  # 5 * 111 * 0.001
    assert desk.line(DIRECTIONAL) == pytest.approx(0.0, abs=1e-12)
    assert desk.line(BASIS) == pytest.approx(-5.0)  # the short's mark went from 0 to 1 over the index
    total = desk.machine.attribution(desk.t).sum()
    assert total == pytest.approx(-1.0 - 0.5 - 2.0 + 0.555 - 5.0)
    assert desk.marked - desk.world.capital == pytest.approx(total, abs=1e-9 * desk.world.capital)


def test_a_liquidated_leg_keeps_its_share_of_direction():
    bars = [100, (100, 130, 99, 120)]
    desk = Desk(world(bars=2, prices={SPOT: bars, PERP: bars}, deposits={A: 1000.0, B: 200.0}))
    desk.order(SPOT, 10.0)
    desk.order(PERP, -10.0)
    desk.step(2)
    # Spot: 10 * 20. Short: closed at L = 1200 / 10.1 when the index stood there too.
    assert desk.line(DIRECTIONAL, SPOT) == pytest.approx(200.0)
    assert desk.line(DIRECTIONAL, PERP) == pytest.approx(-10 * (1200 / 10.1 - 100))
    assert desk.line(BASIS) == pytest.approx(0.0, abs=1e-9)
    assert desk.marked - desk.world.capital == pytest.approx(desk.machine.attribution(desk.t).sum(), abs=1e-6)


def test_a_perpetual_settled_in_a_coin_that_loses_its_peg():
    # Index 100 -> 110 USD, USDT 1 -> 0.8; the perpetual 100 -> 137.5 USDT follows the index in USDT exactly.
    w = world(bars=2, prices={PERP: [100, 137.5]}, index={0: [100, 110]}, usd=[1.0, 0.8], deposits={B: 1000.0})
    desk = Desk(w)
    desk.order(PERP, 2.0)
    desk.step(2)
    # P&L: (1,000 + 2 * 37.5) * 0.8 - 1,000 = -140. Direction: 2 * 10 = 20. Of the quote, MODEL.md section 3.6:
    # u (P1 dSq - dS) = 2 * (0.8 * 37.5 - 10) = 40 on the position and 1,000 * -0.2 = -200 on the wallet.
    assert desk.marked - 1000.0 == pytest.approx(-140.0)
    assert desk.line(DIRECTIONAL) == pytest.approx(20.0)
    assert desk.line(BASIS) == pytest.approx(0.0, abs=1e-9)
    assert desk.line(COLLATERAL, PERP) == pytest.approx(40.0)
    assert desk.line(COLLATERAL) == pytest.approx(-160.0)


def test_a_fill_inside_the_bar_is_split_at_the_index_of_its_moment():
    bars = [100, (100, 120, 100, 105)]
    desk = Desk(world(bars=2, prices={SPOT: bars, PERP: bars})).step()
    desk.order(SPOT, 5.0, price=110.0, inside=True)  # half way to the high: the index stands at 110 too
    desk.step()
    assert desk.line(DIRECTIONAL, SPOT) == pytest.approx(5 * (105 - 110))
    assert desk.line(BASIS) == pytest.approx(0.0, abs=1e-9)


def test_a_limit_that_rested_pays_the_maker_fee_and_no_spread():
    desk = Desk(world(bars=2, prices={SPOT: [100, (100, 101, 90, 100)]}, fee=0.001, maker=0.0002, spread=0.01)).step()
    desk.order(SPOT, 5.0, price=95.0, inside=True, bound=95.0)
    desk.step()
    assert desk.line(FEE) == pytest.approx(-5 * 95 * 0.0002)
    assert desk.line(SPREAD) == 0.0


def test_a_profit_not_yet_taken_and_a_debt_lose_with_the_peg_too():
    usd, price = [1.0, 1.0, 1.0, 0.8, 0.5], [100, 50, 50, 50, 50]
    w = world(bars=5, prices={PERP: price}, index={0: [100]}, usd=usd, funding={PERP: {2: -0.9}}, deposits={B: 200.0})
    desk = Desk(w)
    desk.order(PERP, -10.0)
    desk.step(3)  # 450 of funding against 200: a debt of 250, a profit of 500 not yet taken
    assert (desk.debt(B), desk.marked) == (250.0, 250.0)
    desk.order(PERP, 4.0)  # at 0.8 USD: 200 USDT are realised, 300 remain
    desk.step(2)
    assert desk.marked == pytest.approx((500 - 250) * 0.5)
    total = desk.machine.attribution(desk.t).sum()
    assert desk.marked - 200.0 == pytest.approx(total, abs=1e-9 * 200)
    # Direction 0 (the index stayed at 100 USD). Of the quote on wallet and loan: -250 * -0.2 = 50 when the peg breaks,
    # -50 * -0.3 = 15 on what is owed after the 200 came in.
    assert desk.line(DIRECTIONAL) == 0.0
    assert desk.line(COLLATERAL, w.rules.venue.size + B) == pytest.approx(50.0 + 15.0)

"""Numbers that exchanges publish, recomputed with core's own functions (facts/golden_cases.json, by case number).

Copied here with their case numbers, so that the suite needs no file outside the repository. Left out: venues whose
rule differs from the model on purpose (BitMEX's maintenance at entry, Bybit's isolated margin, Gate's taker in the
maintenance rate), inverse contracts (not there yet), and funding formulas (market/premium.py).
"""

import json

import numpy as np
import pytest

from basisbt.core.funding import funding_payment
from basisbt.core.margin import initial_margin, maintenance_margin, tier_of
from basisbt.core.rules import maintenance_amounts
from tests.support.places import REAL
from tests.support.worlds import A, Desk, perpetual, world

LINEAR = world(legs=(perpetual(A),), pairs=()).rules
CENT = 0.00501  # prices are published to the cent
TIER_FILES = sorted((REAL / "margin_tiers").glob("*.json"))


def one_rate(w, rates):
    """The world with one tier per instrument: rates = ((mmr, cum), ...), as the cases give them."""
    mmr, cum = (np.array(column)[:, None] for column in zip(*rates))
    return w.without(rules=w.rules._replace(mmr=mmr, cum=cum, imr=np.zeros_like(mmr)))


def liquidation_price(side, quantity, entry, wallet, mmr, cum):
    """Where a lone position dies, from a bar wide enough to kill it."""
    far = 0.01 * entry if side == "long" else 10.0 * entry
    bar = (entry, max(entry, far), min(entry, far), entry)
    w = world(legs=(perpetual(A),), bars=2, prices={0: [entry, bar]}, pairs=(), deposits={A: wallet})
    desk = Desk(one_rate(w, ((mmr, cum),)))
    desk.order(0, quantity if side == "long" else -quantity)
    desk.step(2)
    assert desk.outcomes() == ["filled", "liquidation"]
    return desk.tickets()[-1][3]


@pytest.mark.parametrize(
    ("case", "side", "quantity", "entry", "wallet", "mmr", "cum", "expected"),
    [
        ("G001", "long", 3683.979, 1456.84, 1535443.01, 0.1, 135365.0, 1114.78),
        ("G002", "long", 109.488, 32481.98, 1535443.01, 0.025, 16300.0, 18778.73),
        ("G009", "short", 1.0, 8.0, 1.6, 0.01, 0.01, 9.514851485148514),
        ("G010", "short", 0.6, 10.0, 1.2, 0.01, 0.01, 11.897689768976898),
        ("G011", "long", 1.0, 10.0, 2.0, 0.01, 0.01, 8.070707070707071),
        ("G012", "long", 1.0, 8.0, 1.6, 0.01, 0.01, 6.454545454545454),
    ],
)
def test_binance_liquidation_price_of_a_lone_position(case, side, quantity, entry, wallet, mmr, cum, expected):
    found = liquidation_price(side, quantity, entry, wallet, mmr, cum)
    assert found == pytest.approx(expected, rel=1e-6, abs=CENT), case


@pytest.mark.parametrize(
    ("case", "falling", "expected"), [("G004", 0, 26316.89), ("binance faq b3c689c1", 1, 1153.26)]
)
def test_binance_liquidation_price_of_two_positions_in_cross(case, falling, expected):
    quantity, entry, mark = (109.488, 3683.979), (32481.98, 1456.84), (31967.27, 1335.18)
    prices = {i: [entry[i], (mark[i], mark[i], 0.5 * mark[i] if i == falling else mark[i], mark[i])] for i in (0, 1)}
    legs = (perpetual(A, 0), perpetual(A, 1))
    w = world(legs=legs, bars=2, prices=prices, pairs=(), deposits={A: 1535443.01})
    desk = Desk(one_rate(w, ((0.025, 16300.0), (0.1, 135365.0))))
    for i in (0, 1):
        desk.order(i, quantity[i])
    desk.step(2)
    found = {ticket[0]: ticket[3] for ticket in desk.tickets() if ticket[1] == "liquidation"}
    assert found[falling] == pytest.approx(expected, rel=1e-6, abs=CENT), case
    assert found[1 - falling] == mark[1 - falling]


def tiers_of(pairs):
    """(floors, rates) as arrays."""
    return np.array([f for f, _ in pairs], float), np.array([r for _, r in pairs], float)


USDM = ((0, 0.004), (50000, 0.005), (250000, 0.01), (3000000, 0.025), (20000000, 0.05), (40000000, 0.1),
        (100000000, 0.125), (120000000, 0.15), (200000000, 0.25), (300000000, 0.5))  # fmt: skip
COINM = ((0, 0.004), (5, 0.005), (10, 0.01), (20, 0.025), (50, 0.05), (100, 0.1), (200, 0.125), (400, 0.15),
         (1000, 0.25), (1500, 0.5))  # fmt: skip
ADA = ((0, 0.025), (100000, 0.05), (500000, 0.1), (1000000, 0.15), (2000000, 0.25), (5000000, 0.5))
ZEC = ((0, 0.01), (50000, 0.025), (150000, 0.05), (250000, 0.1), (500000, 0.125), (1000000, 0.25), (2000000, 0.5))
BYBIT = ((0, 0.02), (1000, 0.025), (2000, 0.03), (3000, 0.035), (4000, 0.04))


@pytest.mark.parametrize(
    ("case", "tiers", "notional", "mmr", "cum"),
    [
        ("G052", USDM, 500000, 0.01, 1300.0),
        ("G053", USDM, 264000, 0.01, 1300.0),
        ("G054", COINM, 300, 0.125, 11.605),
        ("G058", ADA, 20000000, 0.5, 1527500.0),
        ("G059", ZEC, 500, 0.01, 0.0),
        ("G047", BYBIT, 3500, 0.035, 30.0),
    ],
)
def test_tier_and_maintenance_amount(case, tiers, notional, mmr, cum):
    floor, rates = tiers_of(tiers)
    amounts = maintenance_amounts(floor, rates)
    w = world(tiers=tuple((f, r, r) for f, r in tiers))
    k = tier_of(1, notional, w.rules)
    assert rates[k] == mmr, case
    assert amounts[k] == pytest.approx(cum, rel=1e-9, abs=1e-9), case
    assert maintenance_margin(1, notional, w.rules) == pytest.approx(notional * mmr - cum, rel=1e-9)


@pytest.mark.parametrize(
    ("case", "notional", "mmr", "cum", "expected"),
    [("G005", 4918775.081, 0.1, 135365.0, 356512.508), ("G006", 3500032.458, 0.025, 16300.0, 71200.81144)],
)
def test_maintenance_margin(case, notional, mmr, cum, expected):
    rules = one_rate(world(), ((mmr, cum), (mmr, cum))).rules
    assert maintenance_margin(1, notional, rules) == pytest.approx(expected, rel=1e-6), case


def test_maintenance_is_the_sum_of_its_slices():
    """60,000 in Binance's tiers: 50,000 at 0.4 % and 10,000 at 0.5 % = 200 + 50."""
    w = world(tiers=tuple((f, r, r) for f, r in USDM))
    assert maintenance_margin(1, 60000.0, w.rules) == pytest.approx(250.0)


def test_initial_margin_is_notional_over_leverage_but_at_least_the_tiers_rate():
    rules = world(exchange_leverage=10.0).rules  # the tier asks 2 %
    assert initial_margin(1, 10000.0, rules) == pytest.approx(1000.0)  # G133: 1 BTC at 10,000 and 10x
    assert initial_margin(1, 10000.0, world(exchange_leverage=100.0).rules) == pytest.approx(200.0)
    assert initial_margin(1, 10000.0, world().rules) == pytest.approx(200.0)


def test_funding_payment():
    assert funding_payment(0, -1.0, 1000.0, 0.001, LINEAR) == pytest.approx(1.0)  # G084: a short of 1 at 1,000 receives 1.0
    assert funding_payment(0, 1.0, 1000.0, 0.001, LINEAR) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("case", "side", "quantity", "entry", "exit_", "expected"),
    [
        ("G043", 1, 0.2, 7000, 7500, 100), ("G044", -1, 0.4, 6000, 5000, 400), ("G074", 1, 10, 10500, 10480.5, -195),
        ("G075", -1, 10.15, 10500, 10390, 1116.5), ("G077", 1, 4, 10500, 11505.6, 4022.4),
        ("G078", -1, 5.912, 10505.6, 10407.15, 582.0364), ("G129", -1, 0.05, 52000, 40000, 600),
    ],
)  # fmt: skip
def test_profit_of_a_linear_position(case, side, quantity, entry, exit_, expected):
    desk = Desk(world(legs=(perpetual(A),), bars=2, prices={0: [entry, exit_]}, pairs=(), deposits={A: 1e6}))
    desk.order(0, side * quantity)
    desk.step()
    desk.order(0, -side * quantity)
    desk.step()
    assert desk.wallet(A) - 1e6 == pytest.approx(expected, rel=1e-6), case


def test_average_entry_of_a_linear_position():
    desk = Desk(world(legs=(perpetual(A),), bars=2, prices={0: [5000, 6000]}, pairs=(), deposits={A: 1e6}))
    desk.order(0, 0.5)
    desk.step()
    desk.order(0, 0.3)
    desk.step()
    assert desk.book.entry[0] == pytest.approx(5375.0)  # G042, Bybit


@pytest.mark.parametrize("path", TIER_FILES or [None], ids=lambda path: path.name if path else "none")
def test_the_recursion_gives_every_maintenance_amount_that_binance_published(path):
    if path is None:
        pytest.skip(f"no margin tiers in {REAL}")
    tiers = 0
    for symbol, table in json.loads(path.read_text()).items():
        floor = np.array([row["minNotional"] for row in table], float)
        mmr = np.array([row["maintenanceMarginRate"] for row in table], float)
        published = np.array([float(row["info"]["cum"]) for row in table])
        np.testing.assert_allclose(maintenance_amounts(floor, mmr), published, rtol=1e-9, atol=1e-6, err_msg=symbol)
        tiers += len(table)
    assert tiers > 0

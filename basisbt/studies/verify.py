"""Published cases, recomputed by the engine: what exchanges print for their own rules beside what comes out here.

Knows which piece of the engine answers which kind of case. Positions are opened, settled and liquidated by `core` in a
small market (casebook.py); formulas are those the engine itself uses. A kind that the model does not have, or not yet,
is named with its reason.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from basisbt.core.books import LIQUIDATED, SETTLED
from basisbt.core.contracts import gain, mean_entry, notional
from basisbt.core.funding import funding_payment
from basisbt.core.margin import counted_units, initial_margin, maintenance_margin
from basisbt.core.rules import maintenance_amounts
from basisbt.errors import DataError
from basisbt.market.premium import damped, mean_premium
from basisbt.places import packaged
from basisbt.strategy.readings import annualised
from basisbt.studies.casebook import Case, rules_of

LATER = "not delivered yet"
WHY = {
    "liq_price_buffer": "a bot's own safety margin, no venue's rule",
    "roi_pct": "a display figure, no money moves by it",
    "index_price": "an index is data here", "index_capped_median": "an index is data here",
    "mark_price_perp": "a mark is data here", "adl_rank": f"ADL is {LATER}", "adl_trigger": f"ADL is {LATER}",
    "socialised_loss_clawback": f"clawbacks are {LATER}",
    "socialised_loss_haircut": f"haircuts of balances are {LATER}",
    "borrow_interest": f"interest on loans is {LATER}",
    "funding_fee_sum": f"a window after the stamp in which it still applies is {LATER}",
    "funding_no_double_settle": f"late rate updates are {LATER}",
    "isolated_vs_cross_loss": f"isolated margin is {LATER}",
    "funding_interest": f"an interest made of two lending rates is {LATER}",
    "funding_rate_interest_only": f"an interest made of two lending rates is {LATER}",
    "funding_cap": f"an absolute rate per contract is {LATER}",
    "initial_margin_deribit": f"margin that slopes is {LATER}",
    "liquidation_scenario": "its source divides maintenance by leverage, which no venue does",
    "liq_price_inverse_cross": f"maintenance at entry, with the closing fee, is {LATER}",
    "maintenance_amount_property": "about a file; tests/unit/core checks it where the file is",
}
VENUE_WHY = {
    ("funding_payment", "krakenfutures"): f"an absolute rate per contract is {LATER}",
}


@dataclass(frozen=True)
class Checked:
    """One case: `ok` is None where it is not recomputed, and `got` then says why."""

    id: str
    kind: str
    venue: str
    expected: object
    got: object
    ok: bool | None
    source: str


def side(x) -> float:
    """+1 for a long, -1 for a short."""
    return 1.0 if x["side"] == "long" else -1.0


def contract(inverse=False, mmr=0.0, cum=0.0, imr=0.0):
    """The rules of one contract."""
    rules = rules_of(1, inverse, mmr, cum, 0.0, 0.0, 0)
    return rules._replace(imr=rules.imr + imr)


def death(x, inverse=False, wallet=None, size=None, mmr=None, at_entry=False):
    """Where a lone position is liquidated, None if a fall to nothing, or a rise to thousandfold, does not do it."""
    sign, entry = side(x), x["entry"]
    money = x["wallet"] if wallet is None else wallet
    units = x["qty"] if size is None else size
    rate = x.get("mmr", 0.0) if mmr is None else mmr
    far = entry * (1e-6 if sign > 0 else 1e3)
    case = Case([[entry], [entry]], [far], inverse, rate, x.get("cum", 0.0), money, at_entry=at_entry)
    case.open(sign * units).run()
    found = case.tickets(LIQUIDATED)
    return found[0][1] if found else None


def alone(x):
    """Where a position that stands on its own margin is liquidated, by its venue's rule: Gate and OKX count the closing
    fee in, Bybit charges maintenance on the value at entry."""
    if "taker" in x:
        return death(x, wallet=x["margin"], mmr=x["mmr"] + x["taker"])
    if "mm_deduction" in x:
        return death(x, wallet=x["qty"] * x["entry"] / x["leverage"], at_entry=True)
    return death(x)


def cross(x):
    """The liquidation price of the named position while the other stays at its mark; BitMEX's is alone."""
    if "mm_at_entry" in x:
        return death(x, mmr=x["mm_at_entry"] / (x["qty"] * x["entry"]), at_entry=True)
    name = x["target"].split("USDT")[0]
    other = next(k for k in x if isinstance(x[k], dict) and k != name)
    legs = [x[name], x[other]]
    prices = [[leg["entry"] for leg in legs], [leg["mark"] for leg in legs]]
    case = Case(prices, [legs[0]["mark"] * 1e-3, legs[1]["mark"]], False, [leg["mmr"] for leg in legs],
                [leg["cum"] for leg in legs], x["wallet"])  # fmt: skip
    found = case.open(*(leg["qty"] for leg in legs)).run().tickets(LIQUIDATED)
    return next(price for i, price, _ in found if i == 0)


def result(x, inverse):
    """What a position earns, in the settlement asset."""
    size = x.get("qty", x.get("contracts", x.get("usd")))
    return gain(0, side(x) * size, x["entry"], x["exit"], contract(inverse))


def entry_of(x, inverse):
    """Average entry of fills in turn."""
    size, entry = 0.0, 0.0
    for more, price in x["fills"]:
        entry = mean_entry(0, size, entry, more, price, contract(inverse)) if size else price
        size += more
    return entry


def amount_of(x):
    """Rate and maintenance amount of the tier that the case asks for."""
    if "mmr_prev" in x:
        floor, mmr = np.array([0.0, x["floor_btc"]]), np.array([x["mmr_prev"], x["mmr_n"]])
        return x["cum_prev"] + maintenance_amounts(floor, mmr)[1]
    floor, mmr = (np.array(column, float) for column in zip(*x.get("tiers", x.get("tiers_btc"))))
    value = x.get("notional", x.get("notional_btc"))
    k = x["tier"] - 1 if "tier" in x else int(np.searchsorted(floor, value, side="right")) - 1
    return {"mmr": float(mmr[k]), "cum": float(maintenance_amounts(floor, mmr)[k])}


def paid(x):
    """Cash of one funding stamp."""
    if "contracts" in x:
        return funding_payment(0, side(x) * x["contracts"], x["mark"], x["rate"], contract(True))
    mid = (x["bid"] + x["ask"]) / 2
    case = Case([[mid], [mid]], wallet=x["balance"], funding=((1, 0, x["rate"]),)).open(side(x) * x["qty"]).run()
    return {"cash": case.wallet - x["balance"], "balance": case.wallet}


def delivered(x):
    """What a dated contract pays and costs at its settlement."""
    index = float(x["index_seconds"].split(" x ")[1])
    case = Case([[x["entry"]], [index]], wallet=1e6, delivery=x["fee_rate"], expiry=3600).open(side(x) * x["qty"])
    fee = case.run().tickets(SETTLED)[0][2]
    return {"pnl": case.wallet - 1e6 + fee, "fee": fee}


def delivery_fee(x):
    """The fee in coin at the settlement of an inverse contract."""
    price = x["settlement_price"]
    case = Case([[price], [price]], inverse=True, wallet=10.0, delivery=x["fee_rate"], expiry=3600)
    return case.open(x["contracts_usd"]).run().tickets(SETTLED)[0][2]


def round_trip(x):
    """Profit, fee and their sum of a position closed again, on what it tied up."""
    units = x["contracts"] * x["ctVal"]
    case = Case([[x["open"]], [x["close"]]], wallet=1e4, fee=x["fee_rate"]).open(units).open(-units)
    pnl = gain(0, units, x["open"], x["close"], contract())
    total = case.wallet - 1e4
    tied = initial_margin(0, notional(0, units, x["open"], contract()), contract(imr=1.0 / x["leverage"]))
    return {"pnl": pnl, "fee": total - pnl, "realizedPnl": total, "pnlRatio": total / tied}


def rate_of(x):
    """Hyperliquid: premium of the impact price over the oracle, damped, an eighth of it every hour."""
    premium = x["premium"] if "premium" in x else (x["impact_bid"] - x["oracle"]) / x["oracle"]
    rate = float(damped(premium, x.get("interest_8h", 1e-4), 5e-4))
    return rate / 8 if "premium" in x else {"premium": premium, "rate_8h": rate, "rate_1h": rate / 8}


def weighted(x):
    """Bybit: premia weighted 1..n, damped."""
    mean = float(mean_premium(np.array(x["premia"]), True))
    return {"avg": mean, "rate": float(damped(mean, x["I"], 5e-4))}


def coin_margin(x):
    """Contracts of a size, and the coins behind an isolated position at its leverage where none are given."""
    usd = x.get("contracts_usd", x.get("contracts", 0) * x.get("multiplier", 1)) or 1e5
    return usd, x.get("wallet_btc", x.get("balance_btc", usd / x["entry"] / x.get("leverage", 1)))


def coin_death(x, mmr=None):
    """Where an inverse position is liquidated; one given by its leverage has its maintenance on the value at entry."""
    usd, coins = coin_margin(x)
    return death(x, True, coins, usd, mmr, at_entry="leverage" in x)


def counted(x):
    """What an amount counts for as margin, in brackets."""
    begins, _, shares = (np.array(column, float)[None, None] for column in zip(*x["tiers"]))
    return counted_units(0, 0, float(x["qty"]), contract()._replace(counted=shares, bracket=begins)) * x["price"]


HOW = {
    "collateral_tiered": counted,
    "liq_price_linear_isolated": alone, "liq_price_linear_cross": cross,
    "liq_price_inverse_isolated": coin_death,
    "liq_price_inverse_hedged_1x_short": lambda x: {"liquidatable": coin_death(x) is not None},
    "bankruptcy_price_linear_cross": lambda x: death(x, mmr=0.0),
    "bankruptcy_price_inverse_isolated": lambda x: coin_death(x, 0.0),
    "bankruptcy_price_inverse_cross": lambda x: coin_death(x, x["taker"]),  # what closing costs has to be left
    "maintenance_margin_tier": lambda x: maintenance_margin(0, x["notional"], contract(mmr=x["mmr"], cum=x["cum"])),
    "maintenance_margin_deduction": lambda x: amount_of(x)["cum"],
    "maintenance_amount": amount_of,
    "maintenance_margin_inverse": lambda x: maintenance_margin(
        0, notional(0, x["contracts"] * x.get("multiplier", 1), x.get("mark", x.get("price")), contract(True)),
        contract(True, x.get("mmr", x.get("margin_maint")), x.get("cum", 0.0)),
    ),
    "initial_margin": lambda x: initial_margin(
        0, notional(0, x["contracts"] * x["ctVal"], x["price"], contract()), contract(imr=1.0 / x["leverage"])
    ),
    "initial_margin_inverse": lambda x: initial_margin(
        0, notional(0, x["contracts"], x["price"], contract(True)), contract(True, imr=x["margin_init"])
    ),
    "pnl_linear": lambda x: result(x, False), "pnl_inverse": lambda x: result(x, True),
    "pnl_inverse_net_funding": lambda x: result(x, True) - x["funding_paid"],
    "avg_entry_linear": lambda x: entry_of(x, False), "avg_entry_inverse": lambda x: entry_of(x, True),
    "notional_inverse": lambda x: notional(0, x["contracts"], x["price"], contract(True)),
    "commission_inverse": lambda x: Case([[x["price"]]], inverse=True, wallet=50.0, fee=x["taker"])
    .open(x["contracts"]).wallet - 50.0,
    "funding_payment": paid, "delivery_settlement_linear": delivered, "settlement_fee_inverse": delivery_fee,
    "position_realised": round_trip, "funding_rate": rate_of, "funding_weighted_twap": weighted,
    "funding_rate_historic": lambda x: float(damped(x["premium"], x["interest"], x["damper"])),
    "funding_rate_deribit": lambda x: float(damped(x["premium"], 0.0, 2.5e-4)),
    "funding_inside_damper": lambda x: float(damped(x["premium"], x["I"], x["damp"])),
    "funding_annualised": lambda x: annualised(x["rate_8h"], 8 / 24),
    "basis_annualised": lambda x: annualised(x["F"] / x["S"] - 1.0, x["days"]),
}  # fmt: skip


def verify(file: Path | None = None) -> list[Checked]:
    """Every case of a file, by default of the published ones that come along. Raises DataError."""
    file = packaged("data", "published_cases.json") if file is None else Path(file)
    try:
        cases = list(json.loads(file.read_text(encoding="utf-8"))["cases"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file}: cannot read cases: {error}; expected {{\"cases\": [...]}}") from None
    return [check(case) for case in cases]


def check(case: dict) -> Checked:
    """Recompute one case."""
    kind, venue = case["kind"], case["venue"]
    why = VENUE_WHY.get((kind, venue)) or WHY.get(kind) or ("" if kind in HOW else "no rule of this kind is known here")
    if why:
        return Checked(case["id"], kind, venue, case["expected"], why, None, case["source"])
    got = HOW[kind](case["inputs"])
    digits = case["inputs"].get("round_dp")
    tick = case["inputs"].get("tick", 0.0)
    good = bool(agrees(got, case["expected"], case["tolerance_rel"], digits, tick))
    return Checked(case["id"], kind, venue, case["expected"], got, good, case["source"])


def agrees(got, expected, tolerance: float, digits: int | None = None, tick: float = 0.0) -> bool:
    """Whether all that was published comes out: to its tolerance, or to its last printed digit, rounded or cut off,
    where that is less than 1 bp of it; or to the tick it was rounded to."""
    if isinstance(expected, dict):
        got = got if isinstance(got, dict) else {}
        return all(key in got and agrees(got[key], value, tolerance, digits) for key, value in expected.items())
    if isinstance(got, dict):
        return len(got) > 0 and agrees(next(iter(got.values())), expected, tolerance, digits)
    if isinstance(expected, bool) or got is None:
        return got is expected
    if digits is not None:
        return round(got, digits) == expected
    printed = 10.0 ** -decimals(expected)
    allowed = printed if printed <= 1e-4 * abs(expected) else 0.0
    return abs(got - expected) <= max(tolerance * abs(expected), allowed, tick, 1e-15)


def decimals(value) -> int:
    """Decimals a number was printed with."""
    text = f"{value:.12f}".rstrip("0")
    return len(text.partition(".")[2])

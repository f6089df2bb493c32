"""Recomputing: which piece of the engine answers which kind of published case.

Positions are opened, settled, borrowed against and liquidated by `core` in a small market (casebook.py); formulas are
those the engine itself uses. A kind that the model does not have is named with its reason.
"""

from datetime import date

import numpy as np

from basisbt.config.venues import interest_of
from basisbt.core.books import LIQUIDATED, SETTLED
from basisbt.core.contracts import gain, mean_entry, notional
from basisbt.core.funding import assessed, clamp, formula, funding_payment
from basisbt.core.margin import counted_units, initial_margin, maintenance_margin
from basisbt.core.rules import maintenance_amounts
from basisbt.core.tape import RATE, Overlay
from basisbt.market.premium import damped, mean_premium
from basisbt.strategy.readings import annualised
from basisbt.studies.casebook import Case, Loan, rules_of
from basisbt.studies.recompute_shared import SHARED

WHY = {
    "liq_price_buffer": "a bot's own safety margin, no venue's rule",
    "roi_pct": "a display figure, no money moves by it",
    "liquidation_scenario": "its source divides maintenance by leverage, which no venue does",
    "maintenance_amount_property": "about a file; tests/unit/core checks it where the file is",
}

def side(x) -> float:
    """+1 for a long, -1 for a short."""
    return 1.0 if x["side"] == "long" else -1.0


def contract(inverse=False, mmr=0.0, cum=0.0, imr=0.0):
    """The rules of one contract."""
    rules = rules_of(1, inverse, mmr, cum, 0.0, 0.0, 0)
    return rules._replace(imr=rules.imr + imr)


def death(x, inverse=False, wallet=None, size=None, mmr=None, at_entry=False, closing=0.0):
    """Where a lone position is liquidated, None if a fall to nothing, or a rise to thousandfold, does not do it."""
    sign, entry = side(x), x["entry"]
    money = x["wallet"] if wallet is None else wallet
    units = x["qty"] if size is None else size
    rate = x.get("mmr", 0.0) if mmr is None else mmr
    far = entry * (1e-6 if sign > 0 else 1e3)
    case = Case([[entry], [entry]], [far], inverse, rate, x.get("cum", 0.0), money, at_entry=at_entry, closing=closing)
    case.open(sign * units).run()
    found = case.tickets(LIQUIDATED)
    return found[0][1] if found else None


def alone(x):
    """Where a position that stands on its own margin is liquidated, by its venue's rule: Gate and OKX count the closing
    fee in, Bybit charges maintenance on the value at entry."""
    if "taker" in x:
        return death(x, wallet=x["margin"], closing=x["taker"])
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


def borrowed(x, venue):
    """Interest on a borrowed coin: Binance's daily rate by the hour, Kraken's every four hours and at once."""
    daily = venue == "binance"
    rate, every = (x["rate"] / 24, 1) if daily else (x["rate"], 4)
    return Loan(x["borrowed"], rate, x["hours"], every, not daily).interest


def fees(x):
    """Funding of a position that is opened and closed by the second; rates and mark as the source has them."""
    opened, closed = second_of(x["open"]), second_of(x["close"])
    hits = [(hour, rate) for hour, rate in FREQTRADE_RATES if assessed(opened, closed, hour * 3600, x["cutoff_s"])]
    return sum(funding_payment(0, side(x) * x["qty"], FREQTRADE_MARK, rate, contract()) for _, rate in hits)


def second_of(text):
    """Seconds since the midnight of 2021-09-01 of `00:00:15`, or of a time on another day: `08-31 23:58:21`."""
    day, _, clock = text.rpartition(" ")
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    days = (date(2021, *map(int, day.split("-"))) - date(2021, 9, 1)).days if day else 0
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def late_update(x):
    """How often a stamp is paid when the rate changes at its very instant."""
    overlay = Overlay(np.arange(3), *(np.array([1]), np.array([RATE]), np.array([0])), np.array([2e-3]), np.zeros(1))
    case = Case([[1.0]] * 3, wallet=10.0, funding=((1, 0, 1e-3),), overlay=overlay).open(-1.0).run()
    return {"payments": round((case.wallet - 10.0) / 2e-3)}


def alone_or_together(x):
    """What an isolated position loses of its margin at a price, and what the same loses in a cross account."""
    units, prices = x["notional"] / x["entry"], [[x["entry"]], [x["price"]]]
    apart = Case(prices, imr=x["iso_margin"] / x["notional"], wallet=x["notional"], isolated=True).open(units).run()
    cross = Case(prices, wallet=x["notional"]).open(units).run()
    return {"isolated_loss": x["notional"] - apart.wallet, "cross_upnl": cross.unrealised}


def kraken(x):
    """An absolute rate: the premium paid over so many hours, on the index; what an hour of it pays."""
    rate = formula(x["avg_premium"], x.get("hours", 1), 0.0, 0.0, True, x["realisation_h"])
    if "cap_per_h" in x:
        return clamp(rate, -x["cap_per_h"], x["cap_per_h"])
    coins = funding_payment(0, side(x) * x["contracts_usd"], x["index"], rate, contract(True))
    return {"usd": coins * x["index"], "btc": coins}


def sloping(x):
    """Margin rates that rise with the size."""
    size = float(x["size_btc"])
    rules = contract(True, x["base_mm"], imr=x["base_im"])
    rules = rules._replace(slope=np.array([x["slope_per_btc"]]))
    return {"imr": initial_margin(0, size, rules) / size, "mmr": maintenance_margin(0, size, rules) / size}


def paid(x):
    """Cash of one funding stamp."""
    if "index" in x:
        return kraken(x)
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


FREQTRADE_RATES = ((0, -8e-6), (8, -3e-6))  # 2021-09-01, as the cases' source has them
FREQTRADE_MARK = 2.77
HOW = SHARED | {
    "liq_price_inverse_cross": lambda x: death(x, True, *coin_margin(x)[::-1], at_entry=True, closing=x["taker"]),
    "borrow_interest": borrowed, "funding_fee_sum": fees, "funding_no_double_settle": late_update,
    "isolated_vs_cross_loss": alone_or_together, "funding_cap": kraken, "initial_margin_deribit": sloping,
    "funding_interest": lambda x: interest_of(x["fundingQuoteRate"], x["fundingBaseRate"]),
    "funding_rate_interest_only": lambda x: interest_of(x["quote_daily"], x["base_daily"]),
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

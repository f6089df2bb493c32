"""Recomputing what a venue does for all its users at once: indices, marks, deleveraging, losses it shares out.

Each case runs through the engine's own functions, as in recompute.py.
"""

import numpy as np

from basisbt.core.deleveraging import drawdown, is_due, rank, uncovered
from basisbt.core.tape import CLAW, CUT, Overlay
from basisbt.market.index import weighted, within
from basisbt.market.marks import fair_price
from basisbt.studies.casebook import Case


def once(kind, size, more=0.0) -> Overlay:
    """An overlay in which venue 0 does something at the open of bar 1 of two."""
    one = (np.array([each], np.int64) for each in (1, kind, 0))
    return Overlay(np.arange(2), *one, np.array([size]), np.array([more]))


def composite(x):
    """An index as it is published, rounded."""
    weights, prices = np.array(x["components"]).T
    return round(float(weighted(prices[:, None], weights)[0]), x["decimals"])


def moved(x):
    """The median, what the outer prices are moved to, and the index of all three."""
    prices = np.array(x["prices"], float)[:, None]
    low, middle, high = within(prices, x["band"])[:, 0].tolist()
    index = weighted(prices, np.array(x["weights"]), x["band"])[0]
    return {"index": float(index), "median": middle, "capA": low, "capC": high}


def fair(x):
    """BitMEX's mark and its distance from the index, to the cent as it prints them."""
    price = fair_price(x["index"], x["funding_rate"], x["minutes_to_funding"], x["interval_minutes"])
    return {"fairBasis": round(price - x["index"], 2), "fairPrice": round(price, 2)}


def trigger(x):
    """Whether Bybit deleverages, and how much."""
    if "symbol_pnl" not in x:
        return {"triggered": is_due(x["pool_balance"], 0.0, x["all_pnlRatio_above"])}
    ratio = drawdown(x["symbol_pnl"], x["symbol_pnl_8h_max"], x["pool_max_8h"])
    due = is_due(x["pool_balance"], ratio, x["insurancePnlRatio"])
    amount = uncovered(ratio, x["insurancePnlRatio"], x["pool_max_8h"])
    return {"pnlRatio": ratio, "triggered": due, "adl_amount": amount}


def clawed(x):
    """What is taken of a week's profit, and what is kept: a short that has won so much, open when it happens."""
    won = x["winner_profit_btc"]
    case = Case([[2.0 * won], [won]], wallet=100.0 * won, overlay=once(CLAW, x["clawback_rate"])).open(-1.0).run()
    taken = 100.0 * won - case.wallet
    return {"haircut": taken, "kept": case.unrealised - taken}


def cut(x):
    """What is left of a balance, and the claim that stands for the rest."""
    case = Case([[1.0], [1.0]], wallet=float(x["balance_usd"]), overlay=once(CUT, x["rate"], 1.0)).run()
    return {"balance": case.wallet, "bfx_tokens": float(case.machine.book.face[0])}


SHARED = {
    "index_price": composite, "index_capped_median": moved, "mark_price_perp": fair, "adl_trigger": trigger,
    "adl_rank": lambda x: rank(x["mark_value"], x["avg_entry_value"], x["bankrupt_value"]),
    "socialised_loss_clawback": clawed, "socialised_loss_haircut": cut,
}  # fmt: skip

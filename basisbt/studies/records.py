"""Records: what a finished path wrote down, as named frames in the contract's columns.

Knows a Machine and its names. Computes nothing new: every figure is core's.
"""

import numpy as np
import pandas as pd

from basisbt.core.books import (
    DEFAULTED, DELEVERAGED, FILLED, J_ASSET, J_KIND, J_REASON, J_SLOT, J_SOURCE, J_TARGET, J_TIME, LIQUIDATED,
    OUTCOME_NAMES, ROLLED, SETTLED, T_FEE, T_IMPACT, T_INSTRUMENT, T_OUTCOME, T_PRICE, T_QUANTITY, T_REASON,
    T_SPREAD, T_TIME,
)  # fmt: skip
from basisbt.core.rules import ATTRIBUTION, KIND_NAMES, accounts, outside


# What a venue does to a position without being asked.
CLOSED_BY_VENUE = {
    LIQUIDATED: "liquidation", DEFAULTED: "closed by default", SETTLED: "settlement", DELEVERAGED: "closed by adl",
}  # fmt: skip
TRADED = FILLED, LIQUIDATED, DEFAULTED, SETTLED, ROLLED, DELEVERAGED


def times(seconds) -> pd.DatetimeIndex:
    """UTC timestamps from seconds."""
    return pd.to_datetime(np.asarray(seconds, np.int64), unit="s", utc=True)


def account_names(world) -> list[str]:
    """A name for every account: `okx wallet`, `okx in_transit`, …, `bank`, and the reason for those outside."""
    rules, venues = world.rules, world.names.venues
    names = [f"{venues[v]} {world.names.account(w)}" for w, v in enumerate(rules.wallet_venue)]
    for kind in ("in_transit", "claim", "loan"):
        names += [f"{venue} {kind}" for venue in venues]
    names.append("bank")
    names += [f"{venue} insurance" for venue in venues]
    names += list(KIND_NAMES[: accounts(rules) - outside(0, rules)])
    names[outside(0, rules)] = "capital"
    return names


def stack(chunks, width):
    """Join a machine's drained chunks: ([n, width] ints, [n, …] numbers)."""
    if not chunks:
        return np.zeros((0, width), np.int64), np.zeros(0)
    return np.concatenate([c[0] for c in chunks]), np.concatenate([c[1] for c in chunks])


def pick(names, codes) -> list:
    """Names by code."""
    return [names[code] for code in codes]


def journal_frame(machine, reasons) -> pd.DataFrame:
    """Every movement of money: time kind venue instrument source target asset amount reason."""
    world = machine.world
    rows, amounts = stack(machine.postings, 7)
    names = account_names(world)
    slots = [world.names.slot(int(s)) for s in rows[:, J_SLOT]]
    return pd.DataFrame(
        {
            "time": times(rows[:, J_TIME]),
            "kind": pick(KIND_NAMES, rows[:, J_KIND]),
            "venue": [venue for venue, _ in slots],
            "instrument": [symbol for _, symbol in slots],
            "source": pick(names, rows[:, J_SOURCE]),
            "target": pick(names, rows[:, J_TARGET]),
            "asset": pick(world.names.assets, rows[:, J_ASSET]),
            "amount": amounts,
            "reason": [reason_name(int(code), reasons) for code in rows[:, J_REASON]],
        }
    )


def reason_name(code, reasons) -> str:
    """A strategy's name for its reason code; a liquidation's own."""
    if code == LIQUIDATED and LIQUIDATED not in reasons:
        return "liquidation"
    return reasons.get(code, "") if code else ""


def orders_frame(machine, reasons) -> pd.DataFrame:
    """Every order's outcome: time venue symbol side quantity price status fee spread impact reason."""
    world = machine.world
    rows, numbers = stack(machine.tickets, 5)
    if not rows.size:
        numbers = np.zeros((0, 5))
    mine = rows[:, T_INSTRUMENT] < len(world.names.instruments)
    rows, numbers = rows[mine], numbers[mine]
    places = [world.names.slot(int(i)) for i in rows[:, T_INSTRUMENT]]
    price = numbers[:, T_PRICE]
    liquidated = rows[:, T_OUTCOME] == LIQUIDATED
    return pd.DataFrame(
        {
            "time": times(rows[:, T_TIME]),
            "venue": [venue for venue, _ in places],
            "symbol": [symbol for _, symbol in places],
            "side": np.where(numbers[:, T_QUANTITY] > 0.0, "buy", "sell"),
            "quantity": np.abs(numbers[:, T_QUANTITY]),
            "price": price,
            "status": pick(OUTCOME_NAMES, rows[:, T_OUTCOME]),
            "fee": numbers[:, T_FEE],
            "spread": numbers[:, T_SPREAD],
            "impact": numbers[:, T_IMPACT],
            "reason": [
                "liquidation" if dead else reason_name(int(code), reasons)
                for dead, code in zip(liquidated, rows[:, T_REASON])
            ],
        }
    )


def fills_frame(orders: pd.DataFrame) -> pd.DataFrame:
    """The orders that traded."""
    done = orders["status"].isin([OUTCOME_NAMES[code] for code in TRADED])
    return orders[done].reset_index(drop=True)


def equity_frame(machine) -> pd.DataFrame:
    """timestamp (bar close) marked accessible recovered and one column per venue, USD."""
    world = machine.world
    frame = pd.DataFrame(machine.book.equity, columns=["marked", "accessible", "recovered", *world.names.venues])
    frame.insert(0, "timestamp", times(world.time + world.rules.seconds))
    return frame


def margin_frame(machine) -> pd.DataFrame:
    """timestamp venue account equity maintenance ratio liquidation_distance; margin accounts only."""
    world = machine.world
    close = times(world.time + world.rules.seconds)
    parts = []
    for w in range(world.rules.wallets):
        if world.rules.member[w, 0] < 0:
            continue
        part = pd.DataFrame(
            machine.book.margin[:, w, :], columns=["equity", "maintenance", "ratio", "liquidation_distance"]
        )
        part.insert(0, "timestamp", close)
        part.insert(1, "venue", world.names.venues[world.rules.wallet_venue[w]])
        part.insert(2, "account", "unified" if world.names.account(w) == "wallet" else world.names.account(w))
        parts.append(part)
    columns = ["timestamp", "venue", "account", "equity", "maintenance", "ratio", "liquidation_distance"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def pair_names(world) -> list[str]:
    """For every slot the pairs it serves, joined by `+`; '' for what no pair caused."""
    rules, names = world.rules, world.names
    served = []
    for i in range(rules.venue.size):
        mine = [names.pairs[p] for p in range(rules.long.size) if i in (rules.long[p], rules.short[p])]
        served.append("+".join(mine))
    return served + [""] * rules.venues


def attribution_frame(machine) -> pd.DataFrame:
    """timestamp pair venue kind amount: USD per UTC day, zero rows left out."""
    world = machine.world
    pairs = pair_names(world)
    rows = []
    before = None
    for close, block in machine.snapshots:
        change = block if before is None else block - before
        before = block
        for kind, line in ATTRIBUTION.items():
            for slot in np.flatnonzero(change[line]):
                rows.append((close, pairs[slot], world.names.slot(int(slot))[0], kind, change[line, slot]))
    frame = pd.DataFrame(rows, columns=["timestamp", "pair", "venue", "kind", "amount"])
    frame["timestamp"] = times(frame["timestamp"])
    return frame


def events_frame(machine) -> pd.DataFrame:
    """time end event venue symbol size origin: what was scripted or drawn and happened, and what emerged."""
    world = machine.world
    rows = [describe(event, world) for event in happened(world)]
    tickets, numbers = stack(machine.tickets, 5)
    for row, number in zip(tickets, numbers):
        venue, symbol = world.names.slot(int(row[T_INSTRUMENT]))
        if row[T_OUTCOME] in CLOSED_BY_VENUE:
            size = abs(number[T_QUANTITY]) * number[T_PRICE]
            rows.append((int(row[T_TIME]), -1, CLOSED_BY_VENUE[row[T_OUTCOME]], venue, symbol, size, "emergent"))
        elif not symbol:
            name = f"refused: {OUTCOME_NAMES[row[T_OUTCOME]]}"
            rows.append((int(row[T_TIME]), -1, name, venue, "", number[T_QUANTITY], "emergent"))
    rows.sort(key=lambda each: each[0])
    frame = pd.DataFrame(rows, columns=["time", "end", "event", "venue", "symbol", "size", "origin"])
    end = frame["end"].astype("int64")
    frame["time"] = times(frame["time"].astype("int64"))
    frame["end"] = pd.Series(times(end.where(end >= 0, 0))).where(end >= 0)
    return frame


def happened(world) -> list:
    """The events of a world less those at a venue that had failed before, a second failure included."""
    gone: dict[int, object] = {}
    for event in world.events:
        if event.kind == "venue_default" and (event.venue not in gone or event.start < gone[event.venue].start):
            gone[event.venue] = event
    found = []
    for event in world.events:
        i = getattr(event, "instrument", None)
        last = gone.get(getattr(event, "venue", -1) if i is None else int(world.rules.venue[i]))
        if last is None or event is last or event.start < last.start:
            found.append(event)
    return found


SIZES = {
    "price": "move", "venue_default": "recovery", "non_convergence": "gap", "funding": "rate", "adl": "fraction",
    "insurance_drain": "loss", "clawback": "fraction", "liquidity": "spread", "depeg": "to", "settlement": "gap",
    "circuit_breaker": "move", "expiry_volatility": "reach", "squeeze": "move",
}  # fmt: skip


def describe(event, world) -> tuple:
    """One events row of a typed event; end -1 when it never ends."""
    names, symbol, end = world.names, "", getattr(event, "end", None)
    venue = names.venues[event.venue] if getattr(event, "venue", -1) >= 0 else ""
    if event.kind == "withdrawal_freeze" and event.others:
        venue = "+".join(names.venues[v] for v in (event.venue, *event.others))
    if hasattr(event, "instrument"):
        venue, symbol = names.instruments[event.instrument]
        symbol = "" if getattr(event, "others", ()) else symbol
    elif len(getattr(event, "instruments", ())) == 1:
        symbol = names.instruments[event.instruments[0]][1]
    if hasattr(event, "base"):
        symbol = names.bases[event.base]
    elif hasattr(event, "asset"):
        symbol = names.assets[event.asset]
    if event.kind == "price":
        end = event.start + event.over
    elif event.kind == "venue_default":
        end = event.recovered_at
    elif event.kind == "clawback":
        end = event.redeemed_at
    size = float(getattr(event, SIZES[event.kind])) if event.kind in SIZES else 0.0
    return (event.start, -1 if end is None else end, event.kind, venue, symbol, size, event.origin)

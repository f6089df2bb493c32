"""Sub-accounts: which account of its venue each instrument margins with.

Knows specs and instruments. A unified venue has one account; a classic one keeps spot, each linear settlement asset and
each coin apart; an isolated leg has an account to itself on either (MODEL.md section 3.3).
"""

from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """Accounts of a world: the venues' main accounts first, in the order of the venues."""

    wallet: np.ndarray  # [I] int64
    wallet_venue: np.ndarray  # [W] int64
    labels: tuple[str, ...]  # [W] what an account is called at its venue
    coin: tuple[str, ...]  # [W] what it settles in; '' for a main account
    isolated: np.ndarray  # [I] bool
    credit: np.ndarray  # [W] bool, a shortfall is lent


def lay_out(spec, instruments, venues) -> Layout:
    """The accounts that a config's legs need."""
    alone = {
        (leg.venue, leg.listed) for pair in spec.pairs.values() for leg in (pair.long, pair.short)
        if leg.margin == "isolated"
    }  # fmt: skip
    classic = [spec.venues[name].account == "classic" for name in venues]
    labels = ["spot" if apart else "wallet" for apart in classic]
    wallet_venue, coin, keys, wallet = list(range(len(venues))), [""] * len(venues), {}, []
    for each in instruments:
        v = venues.index(each.venue)
        asset = each.base if each.inverse else each.quote
        label = ""
        if (each.venue, each.symbol) in alone and each.kind != "spot":
            label = f"isolated {each.symbol}"
        elif classic[v] and each.kind != "spot":
            label = f"{'inverse' if each.inverse else 'linear'} {asset}"
        if label and (v, label) not in keys:
            keys[v, label] = len(labels)
            labels.append(label)
            wallet_venue.append(v)
            coin.append(asset)
        wallet.append(keys.get((v, label), v))
    main = np.arange(len(labels)) < len(venues)
    return Layout(
        np.array(wallet, np.int64), np.array(wallet_venue, np.int64), tuple(labels), tuple(coin),
        np.array([(i.venue, i.symbol) in alone and i.kind != "spot" for i in instruments]),
        main & np.array([not classic[v] or spec.venues[venues[v]].borrow is not None for v in wallet_venue]),
    )  # fmt: skip

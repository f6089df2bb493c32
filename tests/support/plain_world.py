"""Plain worlds for tests: one or two instruments on one venue from given or random bars, no events, no spread.

Knows how to lay out arrays. Everything a test may care about is an argument; everything else is harmless: mark is
trade, the index is the first instrument, margin is one flat tier, no funding.
"""

import numpy as np

from basisbt.core.rules import NEVER, Rules, maintenance_amounts, ordinary
from basisbt.core.tape import FIELDS, TERMS, Panel
from basisbt.engines.world import Deposit, Names, World, plain_overlay

START = 1_640_995_200  # 2022-01-01T00:00:00Z
HOUR, DAY = 3600, 86400


def random_bars(rng, bars, start=100.0, volatility=0.02):
    """[T, 4] open, high, low, close; opens gap away from the last close so that stops and limits meet them."""
    close = start * np.exp(np.cumsum(rng.normal(0.0, volatility, bars)))
    first = np.concatenate([[start], close[:-1]]) * (1.0 + rng.normal(0.0, volatility / 3, bars))
    wick = np.abs(rng.normal(0.0, volatility / 2, (bars, 2)))
    high = np.maximum(first, close) * (1.0 + wick[:, 0])
    low = np.minimum(first, close) * (1.0 - wick[:, 1])
    return np.stack([first, high, low, close], axis=1)


def plain_world(
    bars, spot=(True,), cash=100_000.0, fee=0.0, seconds=HOUR, missing=(), imr=0.05, mmr=0.01, decide=None,
    funding=0.0, start=START, pair=None, coin_of=None,
):  # fmt: skip
    """A world of one USDT wallet. bars: [T, I, 4] or [T, 4] OHLC; spot: per instrument, spot or linear perpetual.

    missing: (bar, instrument) without a trade, shown flat at the last close. funding: rate settled at every eighth
    open of every perpetual. pair: (long, short) instruments for `decide`. coin_of: base of each instrument, default
    all of one base, COIN/USDT.
    """
    ohlc = np.asarray(bars, float)
    ohlc = ohlc[:, None, :].copy() if ohlc.ndim == 2 else ohlc.copy()
    coin_of = np.zeros(len(spot), np.int64) if coin_of is None else np.asarray(coin_of)
    fresh = np.ones(ohlc.shape[:2], np.bool_)
    for t, i in sorted(missing):
        fresh[t, i] = False
        ohlc[t, i] = ohlc[t - 1, i, 3]
    panel = plain_panel(ohlc, fresh, spot, seconds, start, funding, coin_of)
    rules = plain_rules(spot, fee, seconds, imr, mmr, pair, coin_of)
    bases = tuple("COIN" if b == 0 else f"COIN{b}" for b in range(int(coin_of.max()) + 1))
    names = Names(
        ("venue",),
        tuple(("venue", f"{bases[b]}/USDT" + ("" if s else ":USDT")) for s, b in zip(spot, coin_of)),
        ("pair",) if pair else (), bases, ("USDT", *bases, "USD"),
    )  # fmt: skip
    memory = np.zeros(1, [("nothing", "f8")]).view(np.recarray)
    deposits = (Deposit(0, 0, cash, 0, 0.0),)
    params = np.zeros(1, [("nothing", "f8")])[0]
    return World(panel, plain_overlay(panel), rules, names, deposits, decide, params, memory)


def flat_world(prices, **given):
    """A world of one instrument whose bar t trades only at prices[t]."""
    return plain_world(np.repeat(np.array(prices, float)[:, None], 4, axis=1), **given)


def random_world(bars=300, seed=3, **given):
    """A world of one instrument on random bars, a fee of 0.1 %."""
    return plain_world(random_bars(np.random.default_rng(seed), bars), **{"fee": 0.001, **given})


def plain_panel(ohlc, fresh, spot, seconds, start, funding, coin_of):
    """History of given bars; every perpetual's mark is its trade price."""
    count, instruments = ohlc.shape[:2]
    prices = np.empty((FIELDS, count, instruments))
    prices[0:4] = prices[4:8] = ohlc.transpose(2, 0, 1)
    prices[8] = np.where(fresh, 1000.0, 0.0)
    firsts = [int(np.flatnonzero(coin_of == b)[0]) for b in range(int(coin_of.max()) + 1)]
    index = np.ascontiguousarray(prices[0:4][:, :, firsts])
    usd = np.column_stack([np.ones(count), index[0], np.ones(count)])
    time = np.arange(count, dtype=np.int64) * seconds + start
    stamps = [(t, i) for t in range(count) if funding and t % 8 == 0 for i in range(instruments) if not spot[i]]
    row = np.array([t for t, _ in stamps], np.int64)
    who = np.array([i for _, i in stamps], np.int64)
    return Panel(
        time, np.ascontiguousarray(prices.transpose(1, 0, 2)), fresh, np.ascontiguousarray(index.transpose(1, 0, 2)), usd,
        np.searchsorted(row, np.arange(count + 1)).astype(np.int64), who,
        np.full(row.size, funding), prices[4, row, who], np.ones(row.size, np.bool_), time[row],
        np.full(row.size, np.nan), np.full(row.size, 8.0),
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, TERMS)),
    )  # fmt: skip


def plain_rules(spot, fee, seconds, imr, mmr, pair, coin_of):
    """One venue, one wallet, one margin tier, one fee for everybody."""
    n, count, bases = np.int64, len(spot), int(coin_of.max()) + 1
    zero, ones = np.zeros(count, n), np.ones(count)
    perpetuals = [i for i in range(count) if not spot[i]]
    member = np.full((1, max(1, len(perpetuals))), -1)
    member[0, : len(perpetuals)] = perpetuals
    floor, rate = np.zeros((count, 1)), np.full((count, 1), mmr)
    cum = np.array([maintenance_amounts(floor[i], rate[i]) for i in range(count)])
    spot_of = np.full((1, 2 + bases), -1)
    for i in reversed(range(count)):
        if spot[i]:
            spot_of[0, 1 + coin_of[i]] = i
    pairs = [pair] if pair else []
    pair_of, leg_of = np.full(count, -1), np.zeros(count, n)
    for legs in pairs:
        pair_of[list(legs)], leg_of[legs[1]] = 0, 1
    asset_base = np.append(np.arange(-1, bases), -1)
    return Rules(**ordinary(count, 1, 1, 2 + bases, len(pairs)) | dict(
        venue=zero, wallet=zero, base=coin_of.astype(n), coin=(1 + coin_of).astype(n), quote=zero, pays=zero, inverse=np.zeros(count, np.bool_),
        spot=np.array(spot, np.bool_), taker=ones * fee, maker=ones * fee, half_spread=ones * 0.0,
        liquidation_fee=ones * 0.01, delivery_fee=zero * 0.0, expiry=zero + NEVER, window=zero, first_expiry=NEVER, floor=floor, mmr=rate, at_entry=np.zeros(count, np.bool_), cum=cum, imr=np.full((count, 1), imr), cap=ones * 1e12,
        member=member, wallet_venue=np.zeros(1, n), cash=asset_base < 0, asset_base=asset_base, spot_of=spot_of,
        counted=np.zeros((1, 2 + bases, 1)), bracket=np.zeros((1, 2 + bases, 1)), coin_margin=np.zeros(1, np.bool_), backing=np.zeros(len(pairs)),
        settle=np.zeros(1, n), delay=np.full(1, 3600, n), transfer_fee=np.ones((1, 2 + bases)),
        transfer_minimum=np.full((1, 2 + bases), 10.0), long=np.array([a for a, _ in pairs], n),
        short=np.array([b for _, b in pairs], n), share=np.ones(len(pairs)), leverage=np.full(len(pairs), 3.0),
        band_low=np.full(len(pairs), 2.0), band_high=np.full(len(pairs), 4.5), pair_of=pair_of, leg_of=leg_of,
        carried=0.0, dollar=1 + bases, venues=1, wallets=1, seconds=seconds,
    ))  # fmt: skip

"""A small random world of several venues: one index per coin, each venue a little beside it, perpetuals that pay."""

import math
import random
from datetime import UTC, datetime

from tests.support.exchange.truth import DAY, HOUR, Coin, Funding, Market, Network

PRICE = {"BTC": 42_000.0, "ETH": 2_300.0, "SOL": 100.0}
TICK = {"BTC": "0.1", "ETH": "0.01", "SOL": "0.001"}
CONTRACT = {"BTC": "0.01", "ETH": "0.1", "SOL": "1"}  # OKX's contract, in coins
TIERS = ((50_000, 0.004, 125), (500_000, 0.005, 100), (10_000_000, 0.01, 50), (80_000_000, 0.025, 20))
CONTRACT_TIERS = ((1_000, 0.004, 125), (5_000, 0.005, 100), (50_000, 0.01, 50), (400_000, 0.025, 20))  # in contracts
COIN_TIERS = ((150, 0.005, 100), (300, 0.01, 50))  # in coins
AHEAD = 3 * DAY  # what the world knows beyond now, shown as time passes


def small_world(kind, seed, start, days, venues, bases, intervals=(8, 4, 1), coin_margined=False):
    """`days` of hourly candles per venue and base: spot, a USDT perpetual (trade, mark, index, premium), a dated future
    that expires 60 days after the world's end and, with `coin_margined`, a perpetual settled in the coin. Funding runs
    on each of `intervals` hours for an equal part of the world, one after the other, for the first base; every eight
    hours for the others. Now is 20 minutes into the hour after the last finished candle; the world goes on for three
    days more, unseen until time passes. Binance's rows of the first fifth have no mark."""
    start = start // DAY * DAY
    truth = kind(start + days * DAY + HOUR // 3)
    for base in bases:
        draw = random.Random(f"{seed} {base}")
        index = _walk(draw, PRICE.get(base, 10.0), start, start + days * DAY + AHEAD)
        stamps = _stamps(start, days, intervals if base == bases[0] else (8,))
        for venue in venues:
            places = random.Random(f"{seed} {base} {venue}")
            for market in _markets(places, venue, base, index, stamps, truth.now, coin_margined):
                truth.add(venue, market)
    for venue in venues:
        for coin in _coins(bases):
            truth.coins[venue, coin.code] = coin
    return truth


def _walk(draw, price, start, end):
    """Hourly (time, four prices of the hour) of an index with quiet and wild days."""
    rows, wild = [], 1.0
    for time in range(start, end, HOUR):
        wild = 0.95 * wild + 0.05 * math.exp(draw.gauss(0.0, 1.0))
        path = [price]
        for _ in range(3):
            path.append(path[-1] * math.exp(draw.gauss(0.0, 0.003 * wild)))
        price = path[-1] * math.exp(draw.gauss(0.0, 0.0005))
        rows.append((time, path))
    return rows


def _stamps(start, days, intervals):
    """(stamp, hours of the interval that ends there), the world cut into equal parts at whole eight hours."""
    stamps, part = [], max(1, days * 3 // len(intervals)) * 8 * HOUR
    time = start
    for place, hours in enumerate(intervals):
        last = place == len(intervals) - 1
        end = start + days * DAY + AHEAD if last else start + (place + 1) * part
        while time < end:
            stamps.append((time, hours))
            time += hours * HOUR
    return stamps


def _markets(draw, venue, base, index, stamps, now, coin_margined):
    tick, step = TICK.get(base, "0.0001"), float(TICK.get(base, "0.0001"))
    start = index[0][0]
    spot = Market(f"{base}/USDT", "spot", tick, "0.00001", "0.00001", listed=start)
    size = CONTRACT.get(base, "1") if venue == "okx" else "1"
    lot = "0.1" if venue == "okx" else "0.001"
    tiers = CONTRACT_TIERS if venue == "okx" else TIERS
    swap = Market(f"{base}/USDT:USDT", "swap", tick, lot, lot, size, "100", start, tiers=tiers, interval=stamps[-1][1])
    expiry = (now // DAY + 60) * DAY + 8 * HOUR
    dated = Market(_dated(base, expiry), "future", tick, lot, lot, size, "5", start, expiry, tiers=tiers)
    premium = [draw.gauss(0.0001, 0.0004) for _ in index]
    spot.candles["trade"] = [_candle(draw, row, 1.0, step) for row in index]
    swap.candles = _series(draw, index, premium, step)
    carry = [0.08 * (expiry - time) / (365 * DAY) + draw.gauss(0.0, 0.0002) for time, _ in index]
    dated.candles = _series(draw, index, carry, step)
    swap.funding = _fundings(draw, venue, swap, stamps)
    if not coin_margined:
        return [spot, swap, dated]
    face = {"binance": "100" if base == "BTC" else "10", "bybit": "1", "okx": "100" if base == "BTC" else "10"}[venue]
    coin = Market(f"{base}/USD:{base}", "swap", tick, "1", "1", face, "5", start, tiers=COIN_TIERS)
    coin.interval = swap.interval
    coin.candles = _series(draw, index, premium, step)
    coin.funding = _fundings(draw, venue, coin, stamps)
    return [spot, swap, dated, coin]


def _series(draw, index, premium, step):
    """Candles of a contract: trades around its mark, the mark above the index by the premium."""
    mark = [_candle(draw, row, 1.0 + p, step, volume=False) for row, p in zip(index, premium)]
    levels = [round(p, 8) for p in premium]
    return {
        "trade": [_candle(draw, row, 1.0 + p + draw.gauss(0.0, 0.0001), step) for row, p in zip(index, premium)],
        "mark": mark,
        "index": [_candle(draw, row, 1.0, step, volume=False) for row in index],
        "premium": [[row[0], p, round(p + 0.0001, 8), round(p - 0.0001, 8), round(p + 0.00005, 8), 0.0]
                    for row, p in zip(index, levels)],
    }


def _candle(draw, row, factor, step, volume=True):
    time, path = row
    places = len(str(step).partition(".")[2]) if step < 1 else 0
    prices = [round(round(price * factor / step) * step, places) for price in path]
    traded = round(math.exp(draw.gauss(5.0, 1.0)), 3) if volume else 0.0
    return [time, prices[0], max(prices), min(prices), prices[-1], traded]


def _fundings(draw, venue, market, stamps):
    """Rates around a hundredth of a percent per eight hours. Binance stamps a few ms late, OKX pays what it settled."""
    marks, rows = {row[0]: row[1] for row in market.candles["mark"]}, []
    for place, (stamp, hours) in enumerate(stamps):
        rate = round(max(-0.003, min(0.003, draw.gauss(0.0001, 0.0003))) * hours / 8, 8)
        late = draw.choice((0, 0, 1, 3, 8)) if venue == "binance" else 0
        settled = round(rate + draw.choice((0.0, 0.0, 0.00000007)), 10) if venue == "okx" else None
        mark = None if venue == "binance" and place < len(stamps) // 5 else marks[stamp]
        rows.append(Funding(stamp, rate, mark, late, settled))
    return rows


def _dated(base, expiry):
    return f"{base}/USDT:USDT-{datetime.fromtimestamp(expiry / 1000, UTC):%y%m%d}"


def _coins(bases):
    """Fees of the day in each coin: Binance's public list of 2025 for the chains it shares with the others."""
    tether = [Network("ERC20", 4.0, minimum=10.0, confirmations=6), Network("TRC20", 1.0, minimum=2.0),
              Network("BEP20", 0.1, withdraw=False, minimum=1.0, confirmations=15)]
    chains = {"BTC": [Network("BTC", 0.0001, minimum=0.001), Network("BEP20", 0.0000088, minimum=0.0001)],
              "ETH": [Network("ERC20", 0.001, minimum=0.01, confirmations=12)]}
    coins = [Coin("USDT", "TetherUS", tether, 6)]
    return coins + [Coin(base, base, chains.get(base, [Network(base, 0.01, minimum=0.1)])) for base in bases]

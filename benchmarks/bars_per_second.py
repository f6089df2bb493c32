"""Bars a second of stock Backtrader and of basisbt: the same job, the same trades, one process, loading included.

    python benchmarks/bars_per_second.py [--repeat 5] [--json]

Job: one year of hours of the bundled sample, two legs or six; a `bt.Strategy` that opens long spot / short perpetual
with fixed quantities and turns them over every week by market orders. Stock: pandas reads Parquet, `PandasData`,
`BackBroker`. basisbt: the panel is built from the same files, funding and margin included. Each job runs once to warm
up (imports, file cache, compiled code), then `--repeat` times in turn, best taken: machines are shared and noisy.
Nothing is asserted here; the ratios are printed beside the goals of the project.
"""

import argparse
import json
import time
from pathlib import Path

import backtrader as bt
import numpy as np
import pandas as pd

from basisbt.core.books import FILLS
from basisbt.engines.backtrader import run_backtrader
from basisbt.engines.world import Deposit, Names, World, plain_overlay
from basisbt.market.instruments import parse_symbol
from basisbt.market.panel import PanelRequest, build_panel
from basisbt.studies.margins import members, spot_markets

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"
START, END = 1_672_531_200, 1_704_067_200
WEEK = 24 * 7
QUANTITY = 2.0
GOALS = {("compiled", 2): 6.0, ("compiled", 6): 10.0, ("interpreted", 2): 2.5, ("interpreted", 6): 2.5}


class Weekly(bt.Strategy):
    """Long every even feed, short every odd one; closed and opened again every other week."""

    def next(self):
        if len(self) % WEEK == 1:
            size = QUANTITY if (len(self) // WEEK) % 2 == 0 else -QUANTITY
            for i, data in enumerate(self.datas):
                order = self.buy if (size > 0) == (i % 2 == 0) else self.sell
                order(data=data, size=QUANTITY)


def legs(count):
    """(venue, symbol) of 2 or 6 legs: spot and perpetual in turn."""
    venues = ("binance", "okx", "bybit")[: count // 2]
    return [(v, s) for v in venues for s in ("BTC/USDT", "BTC/USDT:USDT")]


class Fractional(bt.CommInfoBase):
    """Percentage commission, futures-like, so that stock shorts need no borrowed coin."""

    params = (("stocklike", False), ("commtype", bt.CommInfoBase.COMM_PERC), ("percabs", True))


def stock(count):
    """One stock Backtrader run; returns (bars, orders filled)."""
    cerebro = bt.Cerebro(stdstats=False)
    for venue, symbol in legs(count):
        folder = symbol.replace("/", "-").replace(":", "_")
        frame = pd.read_parquet(SAMPLE / venue / folder / "trade_1h.parquet").set_index("timestamp")
        cerebro.adddata(bt.feeds.PandasData(dataname=frame), name=f"{venue}:{symbol}")
    cerebro.broker.setcash(1e6)
    cerebro.broker.addcommissioninfo(Fractional(commission=5e-4, margin=1000.0))
    cerebro.addstrategy(Weekly)
    strategy = cerebro.run()[0]
    return len(strategy), len(strategy.broker.orders)


def basis_world(count):
    """The same job as a world, its panel read from the same files."""
    instruments = tuple(parse_symbol(v, s) for v, s in legs(count))
    assets = ("USDT", "BTC", "USD")
    panel, _ = build_panel(PanelRequest(SAMPLE, instruments, ("BTC",), assets, START, END, 3600))
    names = Names(tuple(dict.fromkeys(i.venue for i in instruments)), tuple(legs(count)), (), ("BTC",), assets)
    venues = len(names.venues)
    venue = np.array([names.venues.index(i.venue) for i in instruments])
    spot = np.array([i.kind == "spot" for i in instruments])
    rules = rules_of(instruments, names, venue, spot, venues)
    nothing = np.zeros(1, [("nothing", "f8")])
    deposits = tuple(Deposit(v, 0, 1e6 / venues, 0, 0.0) for v in range(venues))
    return World(panel, plain_overlay(panel), rules, names, deposits, None, nothing[0], nothing.view(np.recarray))


def rules_of(instruments, names, venue, spot, venues):
    """Flat fees, two margin tiers, no spread."""
    from basisbt.core.rules import Rules, maintenance_amounts

    n, none = len(instruments), np.zeros(0, np.int64)
    floor, mmr = np.tile([0.0, 1e6], (n, 1)), np.tile([0.005, 0.01], (n, 1))
    cum = np.array([maintenance_amounts(f, m) for f, m in zip(floor, mmr)])
    free = np.zeros(0)
    return Rules(
        venue=venue, wallet=venue.copy(), base=np.zeros(n, np.int64), coin=np.ones(n, np.int64),
        quote=np.zeros(n, np.int64), spot=spot, taker=np.full(n, 5e-4), maker=np.full(n, 5e-4),
        half_spread=np.zeros(n), liquidation_fee=np.full(n, 0.01), floor=floor,
        mmr=mmr, cum=cum, imr=2 * mmr, cap=np.full(n, np.inf), member=members(spot, venue, venues),
        wallet_venue=np.arange(venues), cash=np.array([True, False, True]), asset_base=np.array([-1, 0, -1]),
        spot_of=spot_markets(spot, venue, instruments, names), settle=np.zeros(venues, np.int64),
        delay=np.full(venues, 3600), transfer_fee=np.ones((venues, 3)), transfer_minimum=np.ones((venues, 3)),
        long=none, short=none, share=free, leverage=free, band_low=free, band_high=free,
        pair_of=np.full(n, -1), leg_of=np.zeros(n, np.int64), carried=0.0, dollar=2,
        venues=venues, wallets=venues, seconds=3600,
    )  # fmt: skip


def basis(count, compiled):
    """One basisbt run; returns (bars, orders filled)."""
    machine = run_backtrader(basis_world(count), Weekly, compiled)
    return machine.world.bars, int(machine.book.count[FILLS])


def measure(repeat):
    """Best seconds of every job, jobs taken in turn."""
    jobs = {}
    for count in (2, 6):
        jobs["stock", count] = lambda c=count: stock(c)
        jobs["compiled", count] = lambda c=count: basis(c, True)
        jobs["interpreted", count] = lambda c=count: basis(c, False)
    done = {job: call() for job, call in jobs.items()}
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(repeat):
        for job, call in jobs.items():
            start = time.perf_counter()
            call()
            best[job] = min(best[job], time.perf_counter() - start)
    return done, best


def main():
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    done, best = measure(chosen.repeat)
    rows = []
    for (kind, count), seconds in best.items():
        bars = done[kind, count][0]
        ratio = best["stock", count] / seconds
        goal = GOALS.get((kind, count))
        rows.append({"job": kind, "legs": count, "bars": bars, "orders": done[kind, count][1],
                     "bars_per_second": bars / seconds, "times_stock": ratio, "goal": goal})  # fmt: skip
    if chosen.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'job':<12} {'legs':>4} {'orders':>6} {'bars/s':>10} {'x stock':>8} {'goal':>6}")
    for r in rows:
        goal = f"{r['goal']:.1f}" if r["goal"] else ""
        print(f"{r['job']:<12} {r['legs']:>4} {r['orders']:>6} {r['bars_per_second']:>10,.0f} "
              f"{r['times_stock']:>8.1f} {goal:>6}")  # fmt: skip


if __name__ == "__main__":
    main()

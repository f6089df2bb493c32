"""vectorbt: `Portfolio.from_orders`, all paths as columns of one call, the legs of a path one group with shared cash.

No funding, margin or liquidation, and no decision: sizes are an array made beforehand. Variants: `numba`, `rust` (its
optional engine), each leaving the simulation's order records; with `+value`, the drawdown of every path as well,
which vectorbt computes only when asked.
"""

from importlib.metadata import version

import numpy as np
import pandas as pd
import vectorbt as vbt
from job import CAPITAL, FEE, fills, run, signed_size


def prepare(data, paths, variant):
    """Prices and sizes as frames with one column a leg and path."""
    engine, _, value = variant.partition("+")
    bars, legs = data["close"].shape
    index = pd.to_datetime(data["time"], unit="s")
    columns = pd.MultiIndex.from_product([range(paths), range(legs)], names=["path", "leg"])
    size = np.full((bars, legs), np.nan)
    for bar, sign in fills(bars):
        for leg in range(legs):
            size[bar, leg] = signed_size(leg, sign)

    def frame(values):
        return pd.DataFrame(np.tile(values, (1, paths)), index=index, columns=columns)

    close, price, sizes = frame(data["close"]), frame(data["open"]), frame(size)

    def call():
        portfolio = vbt.Portfolio.from_orders(
            close, size=sizes, price=price, fees=FEE, init_cash=CAPITAL, group_by="path", cash_sharing=True, freq="1h",
            engine=engine,
        )  # fmt: skip
        if value:
            assert portfolio.max_drawdown().notna().all()
        return len(portfolio.order_records)

    return call, {"version": version("vectorbt")}


if __name__ == "__main__":
    run("vectorbt", prepare)

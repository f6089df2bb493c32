"""lrvx: `Engine.run` over signals prepared beforehand; one call is one path (there is no batch of paths).

No funding, margin, liquidation, venues or decisions: fills, fees, and statistics over the closed trades.
"""

import lrvx  # before anything that loads Arrow: the two clash otherwise
import numpy as np
from importlib.metadata import version  # noqa: I001

from job import CAPITAL, FEE, fills, run, signed_size


def prepare(data, paths, variant):
    """The engine, loaded, and the signals of all legs in order of time."""
    stamp = data["time"] * 10**9
    legs = data["close"].shape[1]
    engine = lrvx.Engine(initial_capital=CAPITAL, fee_rate=FEE)
    for leg in range(legs):
        fields = ("open", "high", "low", "close", "volume")
        columns = {name: np.ascontiguousarray(data[name][:, leg]) for name in fields}
        engine.load_ohlcv({"ts": stamp, **columns}, symbol=f"leg{leg}")
    signals = lrvx.SignalBuilder()
    for bar, sign in fills(stamp.size):
        for leg in range(legs):
            size = signed_size(leg, sign)
            (signals.buy if size > 0 else signals.sell)(int(stamp[bar]), abs(size), f"leg{leg}")

    def call():
        for _ in range(paths):
            stats = engine.run(signals)
        assert 0 < stats.total_trades
        return len(signals) * paths

    return call, {"version": version("lrvx")}


if __name__ == "__main__":
    run("lrvx", prepare)

"""NautilusTrader: a low-level `BacktestEngine`, one venue and margin account a leg, bars prepared beforehand.

Its data goes in once; each path is `reset` and `run`, only `run` counted by the clock of `job` along with `reset`,
which is small. Logging, risk checks and the analysis after the run are off. Funding is not settled from bars.
"""

from decimal import Decimal

import nautilus_trader
import pandas as pd
from job import CAPITAL, QUANTITY, WEEK, run
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy


class Weekly(Strategy):
    """Opens all legs and closes them every other week, when the last leg's bar has come."""

    def __init__(self, bar_types):
        super().__init__(StrategyConfig(strategy_id="weekly-1"))
        self.bar_types = bar_types
        self.seen = 0

    def on_start(self):
        self.size = Quantity(QUANTITY, 3)
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_reset(self):
        self.seen = 0

    def on_bar(self, bar):
        self.seen += 1
        bar, over = divmod(self.seen, len(self.bar_types))
        if over == 0 and (bar - 1) % WEEK == 0:
            opening = (bar - 1) // WEEK % 2 == 0
            for leg, bar_type in enumerate(self.bar_types):
                side = OrderSide.BUY if opening == (leg % 2 == 0) else OrderSide.SELL
                self.submit_order(self.order_factory.market(bar_type.instrument_id, side, self.size))


def instrument(leg):
    """A perpetual of one venue; spot legs are the same thing with no funding, so that they too may be margined."""
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol("BTCUSDT-PERP"), Venue(f"VENUE{leg}")), raw_symbol=Symbol("BTCUSDT"),
        base_currency=BTC, quote_currency=USDT, settlement_currency=USDT, is_inverse=False, price_precision=1,
        price_increment=Price(0.1, 1), size_precision=3, size_increment=Quantity(0.001, 3), ts_event=0, ts_init=0,
        margin_init=Decimal("0.01"), margin_maint=Decimal("0.005"), maker_fee=Decimal("0.0005"),
        taker_fee=Decimal("0.0005"),
    )  # fmt: skip


def prepare(data, paths, variant):
    """The engine with its venues, instruments and bars."""
    legs = data["close"].shape[1]
    engine = BacktestEngine(BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False,
    ))  # fmt: skip
    closes = pd.to_datetime(data["time"] + 3600, unit="s", utc=True)
    bar_types = []
    for leg in range(legs):
        one = instrument(leg)
        engine.add_venue(one.id.venue, OmsType.NETTING, AccountType.MARGIN, [Money(CAPITAL / legs, USDT)])
        engine.add_instrument(one)
        bar_types.append(BarType.from_str(f"{one.id}-1-HOUR-LAST-EXTERNAL"))
        columns = {name: data[name][:, leg] for name in ("open", "high", "low", "close", "volume")}
        frame = pd.DataFrame(columns, index=closes)
        engine.add_data(BarDataWrangler(bar_types[-1], one).process(frame), sort=leg == legs - 1)
    engine.add_strategy(Weekly(bar_types))

    def call():
        for _ in range(paths):
            engine.reset()
            engine.run()
        return len(engine.cache.orders()) * paths

    return call, {"version": nautilus_trader.__version__}


if __name__ == "__main__":
    run("nautilus", prepare)

"""Tiny data directories, written by hand for one story each."""

from pathlib import Path

import numpy as np
import pytest

from basisbt.market.instruments import folder, parse_symbol
from basisbt.market.panel import PanelRequest

START = 1_672_531_200  # 2023-01-01T00:00Z
HOUR = 3600


class Market:
    """A data directory under construction. Hours count from 2023-01-01T00:00Z."""

    def __init__(self, directory: Path) -> None:
        self.dir = directory

    def path(self, venue: str, symbol: str, series: str, suffix: str = ".parquet") -> Path:
        place = self.dir / folder(venue, symbol)
        place.mkdir(parents=True, exist_ok=True)
        return place / (series + suffix)

    def columns(self, venue: str, symbol: str, series: str, hours: list, **columns: list) -> Path:
        """A Parquet file with exactly these columns at these hours."""
        import pyarrow
        import pyarrow.parquet

        path = self.path(venue, symbol, series)
        stamp = pyarrow.array([int((START + h * HOUR) * 1000) for h in hours], pyarrow.timestamp("ms", "UTC"))
        pyarrow.parquet.write_table(pyarrow.table({"timestamp": stamp, **columns}), path)
        return path

    def bars(self, venue: str, symbol: str, series: str, hours: list, opens: list, volume: float | None = 1.0) -> Path:
        """Bars that open at `opens`, end 1 higher, reach 2 above the open and 1 below it."""
        opened = np.array(opens, float)
        columns = {"open": opened, "high": opened + 2, "low": opened - 1, "close": opened + 1}
        if volume is not None:
            columns["volume"] = np.full(opened.size, volume)
        return self.columns(venue, symbol, series, hours, **columns)

    def funding(self, venue: str, symbol: str, hours: list, rates: list, **columns: list) -> Path:
        return self.columns(venue, symbol, "funding", hours, funding_rate=np.array(rates, float), **columns)

    def request(self, names: list[str], timeframe: int, hours: tuple[int, int], **options) -> PanelRequest:
        """A panel of `venue symbol` names over `hours` (from, to) with timeframe in hours."""
        instruments = tuple(parse_symbol(*name.split(" ")) for name in names)
        bases = tuple(dict.fromkeys(i.base for i in instruments))
        window = START + hours[0] * HOUR, START + hours[1] * HOUR
        return PanelRequest(self.dir, instruments, bases, ("USDT", *bases), *window, timeframe * HOUR, **options)


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(tmp_path)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The shared real data, beside the repository; not everybody has it."""
    place = Path(__file__).resolve().parents[3].parent / "shared" / "data"
    if not (place / "INDEX.csv").exists():
        pytest.skip(f"real data is not at {place}")
    return place

"""Binance's bulk files: `data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip` and the like, daily too.

Layout and columns as its public-data repository documents them: twelve columns without names in old files, with names
in new ones; spot files count microseconds from 2025 on. Funding: `calc_time, funding_interval_hours,
last_funding_rate`. A `.CHECKSUM` file (SHA-256) beside a ZIP is met or the file is refused.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from basisbt.errors import ConfigError, DataError
from basisbt.market.imports.part import BARS, Part, first_line, milliseconds, numbers

KINDS = {
    "klines": "trade", "markPriceKlines": "mark", "indexPriceKlines": "index", "premiumIndexKlines": "premium",
    "fundingRate": "funding",
}  # fmt: skip
COLUMNS = ("open_time", *BARS, "close_time", "quote_volume", "count", "taker_base", "taker_quote", "ignore")
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR", "TRY")
_FILE = re.compile(r"([A-Z0-9]+(?:_(?:PERP|\d{6}))?)-(?:(\d+[smhd])|fundingRate)-\d{4}-\d{2}(?:-\d{2})?\.(zip|csv)")


def parts(path: Path, venue: str | None, symbol: str | None) -> Iterator[Part]:
    """Every bulk file below a folder, or one file. ConfigError where folders do not tell what a file is."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    for file in files:
        found = _FILE.fullmatch(file.name)
        if found is None:
            continue
        kind = "fundingRate" if found[2] is None else next((p for p in file.parts[::-1] if p in KINDS), None)
        if kind is None:
            raise ConfigError(
                f"{file}: no folder says which klines these are; expected one of {', '.join(KINDS)} above it"
            )
        frame = read(file)
        series = KINDS[kind]
        named = symbol or symbol_of(file, found[1])
        if series == "funding":
            values = numbers(file, {"last_funding_rate": frame["last_funding_rate"]})
            time, values = (
                milliseconds(file, frame["calc_time"]),
                np.column_stack([values, np.full(len(frame), np.nan)]),
            )
            yield Part(venue or "binance", named, "funding", file, time, values)
            continue
        values = numbers(file, {name: frame[name] for name in BARS})
        if series != "trade":
            values[:, 4] = np.nan
        elif named.endswith(("_PERP", ":BTC", ":ETH")) or (":" in named and ":USD" not in named):
            values[:, 4] = numbers(file, {"taker_base": frame["quote_volume"]})[
                :, 0
            ]  # contracts; the coins stand there
        yield Part(
            venue or "binance", named, f"{series}_{found[2]}", file, milliseconds(file, frame["open_time"]), values
        )


def read(file: Path):
    """The table of one CSV or ZIP, its columns named. DataError for what cannot be read, or a checksum not met."""
    import pandas as pd

    try:
        content = file.read_bytes()
        checked(file, content)
        if file.suffix == ".zip":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = [name for name in archive.namelist() if name.endswith(".csv")]
                if len(names) != 1:
                    raise DataError(f"{file}: holds {len(names)} CSV files; expected one")
                content = archive.read(names[0])
        first = content.split(b"\n", 1)[0].decode()
        headed = any(c.isalpha() for c in first.replace("e", "").replace("E", ""))
        if not headed:
            return pd.read_csv(io.BytesIO(content), header=None, names=list(COLUMNS))
        frame = pd.read_csv(io.BytesIO(content))
        renamed = frame.rename(columns={"taker_buy_volume": "taker_base", "taker_buy_quote_volume": "taker_quote"})
        needed = ("calc_time", "last_funding_rate") if "calc_time" in renamed else ("open_time", *BARS)
        missing = [name for name in needed if name not in renamed]
        if missing:
            raise DataError(
                f"{file}: no column {', '.join(missing)}; the file has {', '.join(map(str, frame.columns))}"
            )
        return renamed
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{file}: cannot be read ({first_line(error)})") from None


def checked(file: Path, content: bytes) -> None:
    """Meet the checksum beside a file, where there is one. DataError when it is another."""
    beside = file.with_name(file.name + ".CHECKSUM")
    if not beside.is_file():
        return
    wanted = beside.read_text().split()[:1]
    found = hashlib.sha256(content).hexdigest()
    if wanted != [found]:
        raise DataError(f"{file}: SHA-256 {found}, {beside.name} says {' '.join(wanted) or 'nothing'}; fetch it again")


def symbol_of(file: Path, name: str) -> str:
    """BTCUSDT as ccxt calls it, by the folders above: spot, um or cm. ConfigError where they do not tell."""
    root, _, rest = name.partition("_")
    quote = next((q for q in QUOTES if root.endswith(q) and len(root) > len(q)), None)
    market = next((p for p in file.parts[::-1] if p in ("spot", "um", "cm")), None)
    if quote is None or market is None:
        raise ConfigError(f"{file}: which market {name} is, is not clear (spot, um or cm above it); give --symbol")
    base = root.removesuffix(quote)
    if market == "spot":
        return f"{base}/{quote}"
    settle = quote if market == "um" else base
    return f"{base}/{quote}:{settle}" + (f"-{rest}" if rest.isdigit() else "")

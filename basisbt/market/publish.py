"""Publishing generated series: Parquet files, a README that says what they are, and a list of what was written.

Knows files and folders. Knows nothing of how a market is made. A file appears whole or not at all, and nothing
that a person put there is overwritten or removed.
"""

import json
import os
from pathlib import Path

import numpy as np

from basisbt.errors import ConfigError

MARKER = "generated.json"  # its presence says that the folder may be generated again
SETTLEMENTS_A_YEAR = 3 * 365


def publish(
    directory: Path, series: dict[str, dict[str, np.ndarray]], command: str, recipe: dict, force: bool
) -> tuple[Path, ...]:
    """Write every series, the README and the marker; files of an earlier generation that are no more are removed.

    `series` maps names without suffix to columns, `timestamp` in epoch ms. Returns every file written.
    """
    former = _former(directory, force)
    written = []
    for name, columns in series.items():
        path = directory / f"{name}.parquet"
        _write(path, _parquet(columns))
        written.append(path)
    _write(directory / "README.md", _readme(command, series).encode())
    names = sorted(path.relative_to(directory).as_posix() for path in written)
    for gone in sorted(set(former) - set(names)):
        (directory / gone).unlink(missing_ok=True)
    marker = {"recipe": recipe, "files": names}
    _write(directory / MARKER, (json.dumps(marker, indent=1) + "\n").encode())
    return (*written, directory / "README.md", directory / MARKER)


def _former(directory: Path, force: bool) -> list[str]:
    """The files of the generation before; a folder with anything else in it is refused unless forced."""
    marker = directory / MARKER
    if marker.exists():
        return json.loads(marker.read_text())["files"]
    if directory.exists() and any(directory.iterdir()) and not force:
        raise ConfigError(
            f"{directory} is not empty and was not made by `basisbt data generate` (no {MARKER}); "
            "name another folder, or --force to write into it"
        )
    return []


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def _parquet(columns: dict[str, np.ndarray]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    arrays = {name: pyarrow.array(values) for name, values in columns.items()}
    arrays["timestamp"] = pyarrow.array(columns["timestamp"], pyarrow.timestamp("ms", "UTC"))
    encoding = dict.fromkeys(columns, "PLAIN") | {"timestamp": "DELTA_BINARY_PACKED"}
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(
        pyarrow.table(arrays), sink,
        compression="zstd", compression_level=19, use_dictionary=False, column_encoding=encoding,
    )  # fmt: skip
    return sink.getvalue().to_pybytes()


def _readme(command: str, series: dict[str, dict[str, np.ndarray]]) -> str:
    rows = []
    for name, columns in series.items():
        if not name.endswith("/funding"):
            continue
        rate = columns["funding_rate"]
        atom = np.mean(rate == 0.0001)
        yearly = rate.mean() * SETTLEMENTS_A_YEAR
        rows.append(
            f"| {name.removesuffix('/funding')} | {yearly:.1%} | {atom:.0%} | {np.mean(rate < 0):.0%} "
            f"| {rate.min():.4%} | {rate.max():.4%} |"
        )
    return README.format(command=command, rows="\n".join(rows))


README = """# Synthetic market data

Nothing here was ever quoted: venues' names stand for their funding rules. Made by

    {command}

and byte for byte the same from the same seed with the same numpy and pyarrow. Hourly bars of spot and perpetual,
the perpetual's mark, and funding at 00, 08 and 16 UTC, in the layout that basisbt reads.

A common log random walk with stochastic volatility and jumps, one steep rally in the autumn, small mean-reverting
differences between venues. The premium of each perpetual is mean-reverting around the level of a regime (calm, hot,
rarely stressed), and passes through the venue's funding formula: Binance and Bybit pay exactly the interest rate,
0.01 % per 8 h, while the mean premium is within 5 bp of it; OKX pays the mean premium itself. Do not calibrate on it.

| series | funding a year | exactly 0.01 % | negative | lowest | highest |
|---|---|---|---|---|---|
{rows}
"""

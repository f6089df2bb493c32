"""The index of a run store: one row a run, in `<out>/.index/`, so that a hundred thousand runs are listed at once.

Knows folders, Parquet and SQL. It can always be rebuilt from the runs, and nothing else depends on it: what a folder
holds is read once, when it is first seen or has been replaced (its time and its inode tell).
"""

import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from basisbt.errors import ConfigError
from basisbt.studies.store import plain
from basisbt.studies.sweeps.scores import figures_of

PARTS = 12  # part files from which on they are made one
HEAD = ("name", "key", "when")
OWN = ("stamp", *HEAD, "engine", "seed")
_LINE = re.compile(r'^( *)(- ?|"(?:[^"\\]|\\.)*"|[^:"#]+)(?::(?: (.*))?)?$')
_SIZED = re.compile(r"([-+]?[0-9_]*\.?[0-9]+)\s*(x|%|bps)")


def runs_in(out: Path) -> dict[tuple[str, str], int]:
    """{(name, key): a stamp} of every run folder that can be seen; sweeps' own folders are no runs."""
    found = {}
    if not out.is_dir():
        return found
    for name in os.scandir(out):
        if name.name.startswith(".") or not name.is_dir(follow_symlinks=False):
            continue
        for entry in os.scandir(name.path):
            if not entry.name.startswith("."):
                state = entry.stat()
                found[name.name, entry.name] = (state.st_mtime_ns * 1_000_003 + state.st_ino) % 2**63
    return found


def leaves(text: str) -> dict[str, str]:
    """{dotted key: value as written} of a resolved config, in the plain block style in which runs keep it."""
    found, path = {}, []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        depth, key, value = len(match[1]) // 2, match[2].strip(), match[3]
        if key.startswith("-"):
            value = line.strip()[1:].strip()
            key = str(sum(1 for each in found if each.startswith(".".join(path[:depth]) + ".")))
        path[depth:] = [unquoted(key)]
        if value is not None:
            found[".".join(path)] = without_unit(unquoted(value))
    return found


def without_unit(text: str) -> str:
    """`3x` as 3, `4%` as 0.04, `5bps` as 0.0005: what can be compared; anything else as it is."""
    match = _SIZED.fullmatch(text)
    if match is None:
        return text
    return repr(float(match[1].replace("_", "")) / {"x": 1.0, "%": 100.0, "bps": 10_000.0}[match[2]])


def unquoted(text: str) -> str:
    """A scalar without its quotes."""
    return json.loads(text) if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


def row_of(folder: Path, stamp: int) -> dict | None:
    """One row: figures, and the config's leaves as text; None for a folder that holds no finished run."""
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        when = int((folder / "metrics.json").stat().st_mtime)
        config = leaves((folder / "config.yaml").read_text(encoding="utf-8"))
        figures = {k: v for k, v in plain(figures_of(metrics)).items() if isinstance(v, (int, float)) or v is None}
    except (OSError, ValueError, KeyError):
        return None
    row = {"stamp": stamp, "name": folder.parent.name, "key": folder.name, "when": when}
    row |= {"engine": metrics.get("engine", ""), "seed": str(metrics.get("seed", ""))}
    row |= {name: None if value is None else float(value) for name, value in figures.items()}
    return row | {f"config.{key}": value for key, value in config.items() if key not in ("name", "seed")}


class Index:
    """The index of one store, brought up to date when it is opened."""

    def __init__(self, out: Path, rebuild: bool = False, progress=None):
        self.out, self.folder = out, out / ".index"
        if rebuild:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.refresh(progress)

    def parts(self) -> list[str]:
        """The part files."""
        return sorted(str(path) for path in self.folder.glob("part-*.parquet"))

    def known(self) -> dict[tuple[str, str], int]:
        """{(name, key): a stamp} of every row."""
        import pyarrow.parquet as pq

        found = {}
        for part in self.parts():
            try:
                table = pq.read_table(part, columns=["name", "key", "stamp"])
            except Exception:  # cut off or foreign: made anew from the runs
                os.unlink(part)
                continue
            names, keys, stamps = (table.column(c).to_pylist() for c in ("name", "key", "stamp"))
            found.update(zip(zip(names, keys), stamps))
        return found

    def refresh(self, progress=None) -> None:
        """Read what is new, forget what is gone."""
        there, known = runs_in(self.out), self.known()
        stale = sum(1 for run, stamp in known.items() if there.get(run) != stamp)
        fresh = [(run, stamp) for run, stamp in there.items() if known.get(run) != stamp]
        rows = []
        for done, ((name, key), stamp) in enumerate(fresh):
            row = row_of(self.out / name / key, stamp)
            if row is not None:
                rows.append(row)
            if progress is not None and len(fresh) > 1000:
                progress(done + 1, len(fresh))
        if rows:
            self.write(rows)
        if stale or len(self.parts()) > PARTS:
            self.compact(there)

    def write(self, rows: list[dict]) -> None:
        """One more part, whole or not at all."""
        import pyarrow as pa

        texts = {"name", "key", "engine", "seed"}
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = {}
        for name in names:
            values = [row.get(name) for row in rows]
            kind = pa.string() if name in texts or name.startswith("config.") else pa.float64()
            columns[name] = pa.array(values, pa.int64() if name in ("stamp", "when") else kind)
        self.put(pa.table(columns))

    def put(self, table) -> str:
        """A table as a new part; its path."""
        import pyarrow.parquet as pq

        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".part-", dir=self.folder)
        os.close(handle)
        try:
            pq.write_table(table, temporary, compression="zstd", row_group_size=100_000)
            place = self.folder / f"part-{Path(temporary).name.removeprefix('.part-')}.parquet"
            os.replace(temporary, place)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
        return str(place)

    def compact(self, there: dict) -> None:
        """All parts as one, without what is gone or was replaced."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        old = self.parts()
        whole = pa.concat_tables([pq.read_table(part) for part in old], promote_options="default")
        names, keys, stamps = (whole.column(c).to_pylist() for c in ("name", "key", "stamp"))
        last = {run: k for k, run in enumerate(zip(names, keys)) if there.get(run) == stamps[k]}
        self.put(whole.take(pa.array(sorted(last.values()), pa.int64())))
        for part in old:
            os.unlink(part)

    def ask(self, where: str | None = None, sort: str | None = None, every: bool = False, limit: int | None = None):
        """Frame of the runs that fulfil an SQL condition; newest first. every: all columns, not only those that differ.

        A name with dots may be written as it is; `config.` in front may be left out. Raises ConfigError.
        """
        import duckdb

        if not self.parts():
            return None
        runs = duckdb.connect()
        runs.execute("SET enable_progress_bar = false")
        parts = ", ".join("'" + part.replace("'", "''") + "'" for part in self.parts())
        source = f"read_parquet([{parts}], union_by_name = true)"
        names = [row[0] for row in runs.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        shown = names if every else self.differing(names)
        asked = [name for name in names if name in shown or mentioned(name, (where or "") + " " + (sort or ""))]
        chosen = self.typed(runs, source, [name for name in asked if name != "stamp"])
        order = quoted(sort, names) if sort else '"when" DESC, "key"'
        order = re.sub(r'^-\s*("[^"]+"|\w+)$', r"\1 DESC", order)
        text = f"SELECT * FROM (SELECT {chosen} FROM {source}) WHERE {quoted(where, names) if where else 'true'}"
        try:
            frame = runs.execute(f"{text} ORDER BY {order}" + (f" LIMIT {limit}" if limit else "")).df()
        except duckdb.Error as error:
            why = str(error).strip().splitlines()[0]
            raise ConfigError(f"ls: {why}; expected SQL, like --where 'sharpe > 1' --sort -pnl") from error
        drop = [name for name in frame if name not in shown]
        return frame.drop(columns=drop).rename(columns=lambda name: name.removeprefix("config."))

    def typed(self, runs, source: str, names: list[str]) -> str:
        """What to select: a column of texts that are all numbers as numbers."""
        texts = [name for name in names if name.startswith("config.")]
        numbers = set()
        if texts:
            counted = ", ".join(f'count("{n}") = count(try_cast("{n}" AS DOUBLE))' for n in texts)
            found = runs.execute(f"SELECT {counted} FROM {source}").fetchone()
            numbers = {name for name, every in zip(texts, found) if every}
        return ", ".join(f'try_cast("{n}" AS DOUBLE) AS "{n}"' if n in numbers else f'"{n}"' for n in names)

    def differing(self, names: list[str]) -> list[str]:
        """Columns that tell runs apart: what identifies one, figures, and settings that are not the same everywhere."""
        import pyarrow.parquet as pq

        seen: dict[str, set] = {}
        rows: dict[str, int] = {}
        total = 0
        for part in self.parts():
            meta = pq.ParquetFile(part).metadata
            total += meta.num_rows
            for group in range(meta.num_row_groups):
                for k in range(meta.num_columns):
                    column = meta.row_group(group).column(k)
                    stats, name = column.statistics, column.path_in_schema
                    if stats is None or not stats.has_min_max:
                        continue
                    seen.setdefault(name, set()).update((stats.min, stats.max))
                    rows[name] = rows.get(name, 0) + column.num_values - (stats.null_count or 0)
        settings = [
            name for name in names
            if name.startswith("config.") and (len(seen.get(name, ())) > 1 or 0 < rows.get(name, 0) < total)
        ]  # fmt: skip
        figures = [name for name in names if not name.startswith("config.") and name not in OWN and seen.get(name)]
        return [*HEAD, *settings, *figures]


def mentioned(name: str, text: str) -> bool:
    """Whether a column stands in a condition."""
    return name in text or name.removeprefix("config.") in text


def quoted(text: str, names: list[str]) -> str:
    """A condition with the names of columns that hold dots in quotes, `config.` added where it was left out."""
    for name in sorted((n for n in names if "." in n), key=len, reverse=True):
        bare = re.escape(name.removeprefix("config."))
        text = re.sub(rf'(?<![\w."])(?:config\.)?{bare}(?![\w."])', f'"{name}"', text)
    return text

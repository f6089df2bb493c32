"""The ledger of a sweep: which cells are done, in `<out>/<sweep>/<key>/`, beside the runs in the store.

Knows files that only grow: one log a process, a line a cell, written after its run is in the store. A line that was cut
short by a kill is no line. Knows nothing of what a figure means.
"""

import json
import os
import shutil
import socket
import time
from pathlib import Path

from basisbt.errors import RunError
from basisbt.studies import store
from basisbt.studies.sweeps.cell import Answer, stored
from basisbt.studies.sweeps.plan import Cell

STALE = 3600.0  # seconds after which a folder that was never renamed is swept away
GOOD = ("done", "cached")


class Ledger:
    """What is known of a sweep's cells; without a store (out None) only what this process has seen."""

    def __init__(self, out: Path | None, name: str, key: str):
        self.out, self.name, self.key = out, name, key
        self.folder = None if out is None else Path(out) / name / key
        self.log = None
        self.stamped: set[str] = set()
        self.lines: dict[str, dict] = {}

    def begin(self, head: dict) -> dict:
        """Open the log; the head of the first process that worked on this sweep."""
        if self.folder is None:
            return head
        store.refuse_unwritable(self.folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            first = self.folder / "sweep.json"
            if not first.is_file():
                self.replace("sweep.json", store.to_json(head))
            self.read()
            where = f"log-{socket.gethostname()}-{os.getpid()}-{time.time_ns():x}.jsonl"
            self.log = open(self.folder / where, "a", encoding="utf-8")
            return json.loads(first.read_text(encoding="utf-8"))
        except OSError as error:
            raise RunError(f"{self.folder}: cannot be written: {error.strerror or error}; choose --out") from error

    def read(self) -> None:
        """Every line of every log; a success counts more than a failure, a later line more than an earlier one."""
        stamps: dict[str, list] = {}
        for path in sorted(self.folder.glob("log-*.jsonl"), key=lambda p: p.stat().st_mtime_ns):
            for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    line = json.loads(text)
                except ValueError:
                    continue
                if "stamp" in line:
                    stamps[line["file"]] = line["stamp"]
                elif self.lines.get(line["id"], {}).get("status") not in GOOD or line["status"] in GOOD:
                    self.lines[line["id"]] = line
        changed = {file for file, stamp in stamps.items() if stamp_of(file) != stamp}
        self.lines = {k: line for k, line in self.lines.items() if not changed & set(line["files"])}

    def answer(self, cell: Cell, again: bool) -> Answer | None:
        """What is known of a cell; None when it has to be run. again: failures are to be run again."""
        line = self.lines.get(cell.id)
        if line is None or (line["status"] not in GOOD and again):
            return None
        if line["status"] in GOOD and not (self.out / line["name"] / line["key"] / "metrics.json").is_file():
            return None
        return Answer(
            cell, line["status"], line["seconds"], line["name"], line["key"], line["figures"], {},
            tuple(line["files"]), line["error"],
        )  # fmt: skip

    def record(self, answer: Answer) -> None:
        """Put a run into the store, then its line into the log. Raises RunError when that cannot be written."""
        if self.folder is None:
            return
        try:
            if answer.texts:
                store.write_run(self.out / answer.name / answer.key, answer.texts, {})
            for file in answer.files:
                if file not in self.stamped:
                    self.stamped.add(file)
                    self.write({"file": file, "stamp": stamp_of(file)})
            self.write({
                "id": answer.cell.id, "values": answer.cell.values, "holdout": answer.cell.holdout,
                "status": answer.status, "seconds": round(answer.seconds, 6), "name": answer.name, "key": answer.key,
                "figures": answer.figures, "files": answer.files, "error": answer.error,
            })  # fmt: skip
        except OSError as error:
            why = error.strerror or error
            raise RunError(f"{self.out}: cannot be written: {why}; the same command goes on from here") from error

    def write(self, line: dict) -> None:
        """One line, whole or, after a kill, not at all."""
        self.log.write(json.dumps(store.plain(line), default=str) + "\n")
        self.log.flush()

    def replace(self, name: str, text: str) -> None:
        """A small file of the sweep's folder, whole or not at all."""
        temporary = self.folder / f".{name}.{os.getpid()}"
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, self.folder / name)

    def close(self) -> None:
        """End the log."""
        if self.log is not None:
            self.log.close()


def stamp_of(file: str) -> list | None:
    """Size and time of a file of market data, None when it is gone."""
    try:
        state = os.stat(file)
    except OSError:
        return None
    return [state.st_size, state.st_mtime_ns]


def sweep_away(folder: Path) -> None:
    """Remove what killed processes left of runs they were writing, once it is an hour old."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            old = entry.name.startswith(".") and entry.is_dir() and time.time() - entry.stat().st_mtime > STALE
            if old and stored(Path(entry.path) / "was") is None:
                shutil.rmtree(entry.path, ignore_errors=True)

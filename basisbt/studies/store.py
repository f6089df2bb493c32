"""The run store: `<out>/<name>/<key>/`, written whole or not at all.

Knows folders, keys and files. Knows nothing of what a figure means.
"""

import hashlib
import json
import math
import os
import shutil
import tempfile
from pathlib import Path

from basisbt.errors import ConfigError

LAST = ".last"


def run_key(tree: dict, data_digest: str, code_digest: str) -> str:
    """Digest of what can change the numbers: resolved config less name and places, data, code."""
    tree = {k: v for k, v in tree.items() if k not in ("name", "out", "jobs", "extends")}
    if isinstance(tree.get("data"), dict):
        tree["data"] = {k: v for k, v in tree["data"].items() if k != "dir"}
    use = tree["strategy"].get("use") if isinstance(tree.get("strategy"), dict) else None
    if isinstance(use, str) and use.endswith(".py"):  # what is in the file is in the code's digest
        tree["strategy"] = {**tree["strategy"], "use": use.replace("\\", "/").rpartition("/")[2]}
    text = json.dumps([tree, data_digest, code_digest], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def plain(value):
    """A value as JSON may hold it: no NaN, no infinity, no numpy scalar."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value


def to_json(value) -> str:
    """Readable JSON with a newline at the end."""
    return json.dumps(plain(value), indent=2, default=str) + "\n"


def write_run(folder: Path, texts: dict[str, str], frames: dict) -> None:
    """Write a run folder under a temporary name beside its place, then rename it there.

    texts: file name -> content; frames: name -> DataFrame for `<name>.parquet`. An older folder is replaced.
    """
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
        for name, frame in frames.items():
            frame.to_parquet(temporary / f"{name}.parquet", compression="zstd", index=False)
        temporary.chmod(0o755)
        put_in_place(temporary, folder)
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def put_in_place(temporary: Path, folder: Path) -> None:
    """Rename a finished folder to its place; an older one stays until the new one is there."""
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    try:
        if folder.exists():
            os.rename(folder, old / "was")
        os.rename(temporary, folder)
    except OSError:
        if not (folder / "metrics.json").is_file():  # else another process has just answered the same question
            raise
    finally:
        if (old / "was").exists() and not folder.exists():
            os.rename(old / "was", folder)
        shutil.rmtree(old, ignore_errors=True)


def refuse_unwritable(out: Path) -> None:
    """Raise ConfigError now when a run could not be written later."""
    place = out.absolute()
    while not os.path.lexists(place):
        place = place.parent
    if not place.is_dir():
        raise ConfigError(f"--out {out}: {place} is not a folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ConfigError(f"--out {out}: {place} cannot be written to; choose another place")


def remember_last(out: Path, folder: Path) -> None:
    """Note the run that `@last` means."""
    mark = out / LAST
    temporary = out / f"{LAST}.{os.getpid()}"
    temporary.write_text(str(folder.relative_to(out)), encoding="utf-8")
    os.replace(temporary, mark)


def find_run(out: Path, which: str) -> Path:
    """The folder of a run given as a path, a key prefix, a name (its newest) or `@last`. Raises ConfigError."""
    if which == "@last":
        mark = out / LAST
        last = out / mark.read_text(encoding="utf-8", errors="replace") if mark.is_file() else None
        if last is not None and (last / "metrics.json").is_file():
            return last
        raise ConfigError(f"no run in {out} yet; `basisbt run CONFIG` makes one")
    if not which:
        raise ConfigError("found no run; expected a path, a key prefix, a name or @last")
    for place in (Path(which), out / which):
        if (place / "metrics.json").is_file():
            return place
    runs = [p.parent for p in out.glob("*/*/metrics.json") if not p.parent.name.startswith(".")]
    named = [r for r in runs if r.parent.name == which]
    if named:
        return max(named, key=lambda r: (r / "metrics.json").stat().st_mtime)
    keyed = [r for r in runs if r.name == which] or [r for r in runs if r.name.startswith(which)]
    if len(keyed) == 1:
        return keyed[0]
    if keyed:
        keys = ", ".join(sorted(r.name for r in keyed))
        raise ConfigError(f"{which!r} is the beginning of {len(keyed)} runs: {keys}")
    names = sorted({r.parent.name for r in runs})
    raise ConfigError(f"no run {which!r} in {out}; there are {', '.join(names) or 'none'}")

"""Filling in: the records of a run that kept only its figures, as cells of a sweep do, made when they are asked for.

Knows a run's folder with its resolved config. The run is repeated from it and must meet the digest that was kept; its
figures are not written again.
"""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from basisbt.config import load
from basisbt.errors import ConfigError, DataError
from basisbt.studies.history import run_history
from basisbt.studies.prepare import Prepared, prepare_resolved


def fill(folder: Path, name: str, metrics: dict, meta: dict) -> dict:
    """{name: DataFrame} with `name` in it, written beside the figures where the store can be written.

    Raises DataError when config, data or code are no longer those of the run.
    """
    prepared = again(folder, metrics, meta)
    if name == "paths":
        frames = {"paths": paths_again(folder, prepared)}
    else:
        frames = records_again(folder, prepared, metrics)
    with suppress(OSError):  # a store that can only be read still answers
        for each, frame in frames.items():
            temporary = folder / f".{each}.{os.getpid()}.parquet"
            try:
                frame.to_parquet(temporary, compression="zstd", index=False)
                os.replace(temporary, folder / f"{each}.parquet")
            finally:
                temporary.unlink(missing_ok=True)
    return frames


def again(folder: Path, metrics: dict, meta: dict, engine: str = "") -> Prepared:
    """The run, ready to be repeated, by the engine it had unless another is named. Raises DataError."""
    engine = engine or ("compiled" if "compiled" in metrics["engine"] else "backtrader")
    try:
        resolved = replace(load(folder / "config.yaml"), path=Path(meta["config"]))  # strategies lie beside that one
        prepared = prepare_resolved(resolved, engine)
    except ConfigError as error:
        raise DataError(f"{folder}: cannot be repeated for its records: {error}") from error
    if prepared.key != metrics["key"]:
        raise DataError(
            f"{folder}: data, strategy or code have changed since (key {metrics['key']}, now {prepared.key}): its "
            "records cannot be made any more; run it again"
        )  # fmt: skip
    return prepared


def records_again(folder: Path, prepared: Prepared, metrics: dict) -> dict:
    """The frames of history. Raises DataError when the digest is another."""
    from basisbt.studies.run import frames_of

    machine = run_history(prepared.world, prepared.loaded, prepared.compiled)
    digest = f"{int(machine.book.digest[0]):016x}"
    if digest != metrics["journal_digest"]:
        kept = metrics["journal_digest"]
        raise DataError(f"{folder}: repeated with digest {digest}, kept was {kept}; please report this")
    return frames_of(machine, prepared.loaded.reasons)


def paths_again(folder: Path, prepared: Prepared):
    """`paths.parquet`. Raises DataError for a run without sampled paths."""
    from basisbt.studies.tails import paths_frame, sampled

    if prepared.sample is None:
        raise DataError(f"{folder}: this run has no sampled paths")
    return paths_frame(prepared, sampled(prepared))

"""Shipping: market data and a strategy file to workers that do not see our disk, once each, by digest.

Knows files and folders. Knows nothing of what is in them. A shipment is a task's argument like any other: when the
worker that holds it dies, the scheduler makes it again.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from basisbt.studies.sweeps.cell import Job, Refused

STRATEGY = "strategy"


@dataclass(frozen=True)
class Shipment:
    """Files by their place in the folder they are unpacked into, and who they are."""

    digest: str
    files: dict[str, bytes]
    job: Job  # as it is where the shipment is unpacked, its paths relative to that folder


def lacking(digests) -> list[str]:
    """On a worker: the files of a job that cannot be seen there."""
    return [name for name, _ in digests if not os.path.isfile(name)]


def pack(job: Job, data_dir: Path, strategy: Path | None) -> Shipment:
    """Everything of a job that lies on this disk. Raises Refused where market data is not below one folder."""
    files, digests = {}, []
    for name, digest in job.digests:
        if not Path(name).is_relative_to(data_dir):
            raise Refused(f"{name} is not below {data_dir}; share the folder with the workers")
        place = str(Path("data") / Path(name).relative_to(data_dir))
        files[place] = Path(name).read_bytes()
        digests.append((place, digest))
    fixed = job.fixed
    if strategy is not None:
        place = f"{STRATEGY}/{strategy.name}"
        files[place] = strategy.read_bytes()
        fixed = (*fixed, f"strategy.use={place}")
    seal = hashlib.blake2b(digest_size=12)
    for place in sorted(files):
        seal.update(place.encode() + hashlib.blake2b(files[place]).digest())
    there = replace(job, flags={**job.flags, "--data-dir": "data"}, digests=tuple(digests), fixed=fixed, out=None)
    return Shipment(seal.hexdigest(), files, there)


def unpacked(shipment: Shipment) -> Job:
    """On a worker: the job as it can be run there, its files written once."""
    from basisbt.engines.compile import cache_root

    folder = cache_root() / "shipped" / shipment.digest
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".shipped.", dir=folder.parent))
        for place, data in shipment.files.items():
            (temporary / place).parent.mkdir(parents=True, exist_ok=True)
            (temporary / place).write_bytes(data)
        try:
            os.rename(temporary, folder)
        except OSError:  # another worker here was first
            shutil.rmtree(temporary, ignore_errors=True)
    job = shipment.job
    fixed = tuple(
        f"strategy.use={folder / text.partition('=')[2]}" if text.startswith(f"strategy.use={STRATEGY}/") else text
        for text in job.fixed
    )
    digests = tuple((str(folder / place), digest) for place, digest in job.digests)
    return replace(job, flags={**job.flags, "--data-dir": str(folder / "data")}, digests=digests, fixed=fixed)

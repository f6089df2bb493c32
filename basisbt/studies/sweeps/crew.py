"""The crew: who runs the cells. This process, or workers of a Dask cluster, local or elsewhere; the same `run_one`.

Knows processes, retries and refusals. Knows nothing of what a cell is.
"""

import contextlib
import hashlib
import itertools
import pickle
import signal

from basisbt.errors import RunError
from basisbt.studies.interrupts import check
from basisbt.studies.pool import apart, leaving_ctrl_c
from basisbt.studies.sweeps.cell import Answer, Job, Refused, run_one
from basisbt.studies.sweeps.plan import Cell
from basisbt.studies.sweeps.shipping import Shipment, lacking, unpacked

AIM = 0.3  # seconds of work a task should hold
MOST = 50  # cells a task
AHEAD = 3  # tasks a worker has waiting
GIVES_UP = 60.0  # seconds without a worker that may work


class Alone:
    """Cells in this process, one after the other."""

    def __init__(self, job: Job):
        self.job, self.waiting = job, []

    def room(self) -> int:
        """How many cells may be handed over now."""
        return 1 - len(self.waiting)

    def submit(self, cell: Cell) -> None:
        """Hand a cell over."""
        self.waiting.append(cell)

    def answers(self) -> list[Answer]:
        """What is finished, after waiting for one; empty when nothing is under way."""
        check()
        done, self.waiting = [run_one(self.job, cell) for cell in self.waiting], []
        return done

    def close(self) -> None:
        """Nothing to end."""


def run_batch(job: Job | Shipment, cells: list[Cell]):
    """On a worker: (its address, answers), or (its address, why it refuses)."""
    from distributed import get_worker

    where = get_worker().address
    try:
        job = unpacked(job) if isinstance(job, Shipment) else job
        return where, [run_one(job, cell) for cell in cells]
    except Refused as error:
        return where, str(error)


class Cluster:
    """Cells on the workers of a Dask cluster.

    When a worker is killed, the cells it had are tried once more, each alone, with nothing else under way: one whose
    worker dies again has failed, the others were only near it. A worker that refuses (other code, other data) gets
    nothing more.
    """

    def __init__(self, job: Job, jobs: int, scheduler: str | None, single: bool, say=None, ship=None):
        self.alone = contextlib.ExitStack()
        self.alone.enter_context(apart())  # a worker that is killed is started again at any time
        try:
            self.client, self.cluster = connect(jobs, scheduler)
        except BaseException:
            self.alone.close()
            raise
        self.single, self.say, self.refused = single, say or (lambda text: None), {}
        if self.cluster is None and any(self.client.run(lacking, job.digests).values()):
            job = ship()
            self.say(f"shipping {sum(map(len, job.files.values())) / 1e6:,.1f} MB of data to workers that lack it")
        blob = pickle.dumps(job, protocol=5)
        self.job = self.client.submit(pickle.loads, blob, key=f"basisbt-job-{digest_of(blob)}")
        self.under_way: dict = {}
        self.seconds = 0.0
        self.suspects: list[Cell] = []
        self.troubles: dict[str, int] = {}
        self.buffer: list[Cell] = []
        self.numbers = itertools.count()

    def workers(self) -> list[str]:
        """Addresses of the workers that may work."""
        return [each for each in self.client.scheduler_info(n_workers=-1)["workers"] if each not in self.refused]

    def batch(self) -> int:
        """Cells a task should hold, by how long they have taken."""
        if self.single or not self.seconds:
            return 1
        return max(1, min(MOST, int(AIM / self.seconds)))

    def room(self) -> int:
        """How many cells may be handed over now."""
        if self.suspects:
            return 0
        tasks = (1 if self.single else AHEAD) * max(1, len(self.workers()))
        return (tasks - len(self.under_way)) * self.batch() - len(self.buffer)

    def submit(self, cell: Cell) -> None:
        """Hand a cell over."""
        self.buffer.append(cell)
        if len(self.buffer) >= self.batch():
            self.send(self.buffer)
            self.buffer = []

    def send(self, cells: list[Cell]) -> None:
        """One task; to workers that have not refused, once one has."""
        where = {"workers": self.workers()} if self.refused else {}
        future = self.client.submit(
            run_batch, self.job, cells, key=f"basisbt-{next(self.numbers)}-{cells[0].id}", pure=False, **where
        )  # fmt: skip
        self.under_way[future] = cells

    def answers(self) -> list[Answer]:
        """What is finished, after waiting for one; empty when nothing is under way. Raises RunError."""
        from distributed import TimeoutError as Late
        from distributed import wait

        if self.buffer:
            self.send(self.buffer)
            self.buffer = []
        idle = 0.0
        if self.suspects and not self.under_way:
            self.send([self.suspects[0]])
        while self.under_way:
            check()
            with contextlib.suppress(Late):
                done = wait(list(self.under_way), timeout=1.0, return_when="FIRST_COMPLETED").done
                return [answer for future in done for answer in self.finished(future)] or self.answers()
            idle = 0.0 if self.workers() else idle + 1.0
            if idle > GIVES_UP:
                raise RunError(f"no worker for {GIVES_UP:.0f} s; `basisbt worker ADDRESS` starts some{self.told()}")
        return []

    def finished(self, future) -> list[Answer]:
        """The answers of one task; none where its cells are sent out again."""
        cells, error = self.under_way.pop(future), future.exception()
        if error is None:
            where, found = future.result()
            if isinstance(found, str):
                self.refuse(where, found, cells)
                return []
            seconds = sum(answer.seconds for answer in found) / len(found)
            if cells == self.suspects[:1]:
                self.suspects.pop(0)
            self.seconds = seconds if not self.seconds else 0.7 * self.seconds + 0.3 * seconds
            return found
        if "Killed" in type(error).__name__:
            if cells == self.suspects[:1]:
                return [Answer(self.suspects.pop(0), "failed", error="its worker was killed twice (out of memory?)")]
            self.suspects += cells
            return []
        for cell in cells:  # what a worker could not even begin
            self.troubles[cell.id] = self.troubles.get(cell.id, 0) + 1
        if len(cells) == 1 and self.troubles[cells[0].id] > 1:
            return [Answer(cells[0], "failed", error=f"{type(error).__name__}: {error}")]
        for cell in cells:
            self.send([cell])
        return []

    def refuse(self, where: str, why: str, cells: list[Cell]) -> None:
        """Nothing more for this worker; its cells go elsewhere. Raises RunError when nobody is left."""
        if where not in self.refused:
            self.say(f"worker {where} is not used: {why}")
        self.refused[where] = why
        if not self.workers() and self.cluster is None:
            raise RunError(f"every worker refuses:{self.told()}")
        self.send(cells)

    def told(self) -> str:
        """Who refused, and why."""
        return "".join(f"\n{where}: {why}" for where, why in self.refused.items())

    def close(self) -> None:
        """End local workers; leave a cluster that was there before as it was."""
        with contextlib.suppress(Exception):
            for future in list(self.under_way):
                future.cancel()
            self.client.close(timeout=5)
        with contextlib.suppress(Exception):
            if self.cluster is not None:
                self.cluster.close(timeout=5)
        self.alone.close()


def digest_of(blob: bytes) -> str:
    """A short digest."""
    return hashlib.blake2b(blob, digest_size=8).hexdigest()


def connect(jobs: int, scheduler: str | None):
    """(client, local cluster or None). Raises RunError when there is no scheduler at an address."""
    import logging

    import dask
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if scheduler is not None:
        try:
            return Client(scheduler, timeout=10), None
        except (OSError, ValueError) as error:
            raise RunError(f"--scheduler {scheduler}: nobody answers ({error})") from error
    dask.config.set({
        "distributed.admin.log-length": 0, "distributed.admin.low-level-log-length": 0,
        "distributed.scheduler.allowed-failures": 0, "distributed.scheduler.worker-saturation": "inf",
        "distributed.comm.timeouts.connect": "60s",
        "distributed.worker.memory.terminate": False, "distributed.worker.memory.pause": False,
    })  # fmt: skip
    with leaving_ctrl_c(signal.SIG_BLOCK):  # threads and workers leave Ctrl-C to this one
        cluster = tried(lambda: LocalCluster(
            jobs, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.CRITICAL,
            worker_dashboard_address=None,
        ))  # fmt: skip
        return Client(cluster, timeout=60), cluster


def tried(begin):
    """What `begin` gives; again where a worker was killed while it began. Raises RunError after a third time."""
    for _ in range(2):
        with contextlib.suppress(RuntimeError):
            return begin()
    try:
        return begin()
    except RuntimeError as error:
        raise RunError(f"workers do not start: {error}; -j 1 does without") from error


def serve(address: str, count: int) -> None:
    """Work for a scheduler until it is gone or somebody stops us. Raises OSError when nobody answers there."""
    import asyncio
    import logging

    from distributed import Nanny

    logging.getLogger("distributed").setLevel(logging.ERROR)

    async def work():
        async with contextlib.AsyncExitStack() as stack:
            crew = [
                await stack.enter_async_context(
                    Nanny(address, nthreads=1, dashboard_address=None, death_timeout=30)
                )
                for _ in range(count)
            ]
            await asyncio.gather(*(each.finished() for each in crew))

    asyncio.run(work())

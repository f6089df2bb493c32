"""The pool: chunks of paths on several processes.

Knows processes and signals. Knows nothing of what a chunk means. Workers are started fresh (no fork: threads of
libraries would be copied half-alive), load compiled code from disk, and leave Ctrl-C to their parent.
"""

import signal
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from basisbt.errors import RunError

_worker = None


def chunks_of(total: int, jobs: int) -> list[tuple[int, int]]:
    """(first, last + 1) of every chunk: small enough that progress shows and all workers end together."""
    size = max(1, min(200, -(-total // (jobs * 20))))
    return [(first, min(first + size, total)) for first in range(0, total, size)]


def start(job) -> None:
    """In a new process: no Ctrl-C of its own, one worker for all chunks."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from basisbt.studies.paths import Worker

    _worker = Worker(job)


def run_chunk(first: int, last: int):
    """In a worker: one chunk."""
    return first, _worker.run(range(first, last))


def work(job, chunks, jobs):
    """Yield (first path, rows) as chunks finish, in any order; at most two chunks a worker are under way.

    When anything fails, or the caller stops, every worker is ended at once.
    """
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=start, initargs=(job,))
    waiting, left = set(), iter(chunks)
    try:
        while True:
            for first, last in left:
                waiting.add(pool.submit(run_chunk, first, last))
                if len(waiting) >= 2 * jobs:
                    break
            if not waiting:
                return
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    except BrokenProcessPool as error:
        raise RunError("a worker process ended without a word (out of memory?); `-j 1` runs in this process") from error
    finally:
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)

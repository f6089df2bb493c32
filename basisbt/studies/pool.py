"""The pool: chunks of paths on several processes.

Knows processes and signals. Knows nothing of what a chunk means. Workers are started fresh (no fork: threads of
libraries would be copied half-alive), load compiled code from disk, leave Ctrl-C to their parent and die with it.
"""

import contextlib
import os
import pickle
import signal
import sys
import tempfile
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for

from basisbt.errors import RunError

_worker = None


def chunks_of(total: int, jobs: int) -> list[tuple[int, int]]:
    """(first, last + 1) of every chunk: small enough that progress shows and all workers end together."""
    size = max(1, min(200, -(-total // (jobs * 20))))
    return [(first, min(first + size, total)) for first in range(0, total, size)]


def start(file: str) -> None:
    """In a new process: no Ctrl-C of its own, an end when its parent ends, one worker for all chunks.

    The job comes as a file: what goes through the pipe at the start may not be larger than the pipe, or a worker that
    dies too early leaves its parent waiting for ever.
    """
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with leaving_ctrl_c(signal.SIG_UNBLOCK):
        pass
    threading.Thread(target=end_with_parent, daemon=True).start()
    from basisbt.studies.paths import Worker

    with open(file, "rb") as source:
        _worker = Worker(pickle.load(source))


def end_with_parent() -> None:
    """Wait for the parent to be gone, however it went, and go."""
    wait_for([parent_process().sentinel])
    os._exit(1)


@contextlib.contextmanager
def leaving_ctrl_c(how):
    """Block Ctrl-C, or let it through again; what starts meanwhile begins so."""
    mask = getattr(signal, "pthread_sigmask", None)
    if mask is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = mask(how, {signal.SIGINT})
    try:
        yield
    finally:
        if how == signal.SIG_BLOCK:
            mask(signal.SIG_SETMASK, before)


def run_chunk(first: int, last: int):
    """In a worker: one chunk."""
    return first, _worker.run(range(first, last))


_hidden: list = []


@contextlib.contextmanager
def apart():
    """Processes that start meanwhile do not run the caller's script once more: nothing they need is in it.

    A fresh process imports the file that the first one was started with; without `if __name__ == "__main__":` it would
    start the whole study again.
    """
    main = sys.modules["__main__"].__dict__
    if not _hidden:
        _hidden.append({name: main[name] for name in ("__file__", "__spec__") if name in main})
    _hidden.append({})
    main.pop("__file__", None)
    main["__spec__"] = None
    try:
        yield
    finally:
        _hidden.pop()
        if len(_hidden) == 1:
            main.update(_hidden.pop())


def work(job, chunks, jobs):
    """Yield (first path, rows) as chunks finish, in any order; at most two chunks a worker are under way.

    When anything fails, or the caller stops, every worker is ended at once.
    """
    with tempfile.TemporaryDirectory(prefix="basisbt-") as folder:
        file = os.path.join(folder, "job.pickle")
        with open(file, "wb") as target:
            pickle.dump(job, target, protocol=5)
        yield from work_from(file, chunks, jobs)


def work_from(file: str, chunks, jobs: int):
    """The same with the job in a file."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=start, initargs=(file,))
    waiting, left = set(), iter(chunks)
    try:
        while True:
            for first, last in left:
                with leaving_ctrl_c(signal.SIG_BLOCK), apart():  # begun with Ctrl-C open a worker dies loudly of it
                    waiting.add(pool.submit(run_chunk, first, last))
                if len(waiting) >= 2 * jobs:
                    break
            if not waiting:
                return
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    except BrokenProcessPool as error:
        raise RunError(
            "a worker process ended without a word: out of memory? `-j 1` (jobs=1) runs in this process"
        ) from error
    finally:
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)

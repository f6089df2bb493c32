"""The trial: a few bars interpreted before anything is compiled, so that a broken `decide` is told with its line.

Knows how to run a world's first bars under a time limit and how to say what went wrong. Knows no rule of the model
and nothing of the compiler (refusals.py).

What fails later than that, studies/history.py reruns interpreted for its line. A loop that does not end is stopped
here only: no Python signal reaches compiled code, so in a compiled run it hangs until the process is ended from
outside (a child process for every compiled call would cost more than all bars of a path together).
"""

import contextlib
import copy
import ctypes
import difflib
import io
import linecache
import re
import signal
import sys
import threading
import time
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from basisbt.core.books import BAD_MOVE, BAD_TARGET, ERROR
from basisbt.core.decision import HOLD
from basisbt.engines.machine import FAILURES, Machine
from basisbt.engines.world import World
from basisbt.errors import RunError
from basisbt.strategy.loader import line_in

BARS = 200
ENOUGH = 0.3  # seconds after which no further bar is tried
TARGETS = ("notional", "long_units", "short_units", "move_source", "move_target", "move_amount")
SCALAR_DIVISION = re.compile(r"in scalar (divide|floor_divide|remainder)")
NOT_A_NUMBER = (
    "rows after seen.now are NaN, and so is funding_mean until its whole lookback was seen; compare with a number "
    "before asking: NaN fails every comparison"
)
HINTS = (
    ("IndexError", "out of bounds", "loops end at seen.pairs, seen.venues, seen.instruments; the last row is seen.now"),
    ("IndexError", "too many indices", "per instrument [bar, i], per pair or venue [i]; see docs/strategy.md"),
    ("IndexError", "only integers", "an index is a whole number: int(x)"),
    ("TypeError", "NoneType", "a name or a function's value is None here: give it a number on every path"),
    ("TypeError", "positional argument|keyword argument", "count the arguments against the function's own line"),
    ("TypeError", "not callable", "a number or array is called like a function: x[i], not x(i)"),
    ("TypeError", "not subscriptable", "a single number has no [i]; see docs/strategy.md for what has"),
    ("TypeError", "'str'", "decide works with numbers only: no text"),
    ("ValueError", "read-only", "seen and book cannot be written: ask with hold, leg or move; state is in book.memory"),
    ("ValueError", "ambiguous", "an array where a number is meant: take one element, as seen.close[seen.now, i]"),
    ("ValueError", "math domain|NaN to integer", "test the number before: log and sqrt take positive ones, int no NaN"),
    ("OverflowError", "", "a number grew beyond bounds; test it before, or limit it with min()"),
    ("UnboundLocalError|NameError", "", "give the name a value before the if or the loop that sets it"),
    ("ZeroDivisionError|FloatingPointError", "", "test the denominator before: if x != 0.0"),
    ("RecursionError", "", "a function calls itself without end: write a loop"),
    ("KeyError|ImportError|ModuleNotFoundError", "", "keep to numbers, math and basisbt.strategy inside decide"),
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """What a trial went through: bars run, times `decide` was asked, seconds it took."""

    bars: int
    asked: int
    seconds: float


class TooLong(BaseException):
    """Raised inside a call whose time is over; no `except Exception` of the call's own stops it."""


def try_strategy(world: World, seconds: float = 10.0) -> Trial:
    """Run the first bars of a world interpreted; at most 200, and no further once 0.3 s are over.

    `world.params` are those of interpreted runs (the dataclass). Raises RunError with file, line, source and one hint
    when `decide` fails, asks for what is no number, or has not come back after `seconds`. Leaves no trace: what
    `decide` prints is dropped, and what it changed among its file's globals is put back.
    """
    if world.decide is None:
        return Trial(0, 0, 0.0)
    file = Path(world.decide.__code__.co_filename)
    with restored(world.decide.__globals__), contextlib.redirect_stdout(io.StringIO()):
        try:
            return guard(lambda: attempt(world, file, "raise"), seconds, file)
        except FloatingPointError:  # of whole arrays, or inf - inf: no error in compiled code either
            return guard(lambda: attempt(world, file, "ignore"), seconds, file)


def attempt(world: World, file: Path, floats: str) -> Trial:
    """One trial. floats: what numpy does about a division by zero, which compiled code raises and numpy shrugs off."""
    began, asked, lines = time.perf_counter(), 0, {}
    bars = min(world.bars, BARS)

    def decide(seen, book, want, p):
        lines.clear()
        with np.errstate(divide=floats, invalid=floats):
            world.decide(seen, read_only(book), watched(want, file, lines), p)

    overlay = world.overlay._replace(row=world.overlay.row[:bars])
    machine = Machine(world.without(decide=decide, overlay=overlay), room=0)
    for t in range(bars):
        machine.advance(t)
        machine.check(t)
        if machine.ruined or time.perf_counter() - began > ENOUGH:
            return Trial(t + 1, asked, time.perf_counter() - began)
        try:
            machine.decide(t)
        except FloatingPointError as error:
            if not SCALAR_DIVISION.search(str(error)):
                raise
            raise blamed(error, file) from error
        except (Exception, SystemExit) as error:
            raise blamed(error, file) from error
        asked += 1
        if machine.book.count[ERROR] in (BAD_TARGET, BAD_MOVE):
            raise RunError(bad_wish(machine, file, lines))
        machine.check(t)
    return Trial(bars, asked, time.perf_counter() - began)


def guard(call, seconds: float, file: Path | None = None):
    """call(), stopped after `seconds`: its result, or RunError with the line of `file` that was running.

    Works between two steps of Python code: a signal in the main thread, elsewhere a watching thread. Compiled code has
    no such steps; a call that stays inside it is not stopped. The signal's former handler and timer are put back.
    """
    main = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    try:
        return (by_signal if main else by_thread)(call, seconds)
    except TooLong as error:
        line = None if file is None else line_in(file, error)
        what = f"{'decide' if file else 'it'} has not come back after {seconds:g} s"
        raise RunError(told(file, line, what, "a loop that does not end? count its rounds with range()")) from None


def by_signal(call, seconds):
    """`guard` in the main thread: a timer interrupts, again and again in case the call catches everything."""

    def stop(number, frame):
        raise TooLong

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, stop)
    before, again = signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        return call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        if before:
            signal.setitimer(signal.ITIMER_REAL, max(1e-3, before - (time.monotonic() - began)), again)


def by_thread(call, seconds):
    """`guard` in other threads: one that watches raises TooLong inside this one until it is heard."""
    identity = ctypes.c_ulong(threading.get_ident())
    over, lock = threading.Event(), threading.Lock()

    def watch():
        delay = seconds
        while not over.wait(delay):
            with lock:
                if not over.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(TooLong))
            delay = 0.05

    threading.Thread(target=watch, daemon=True).start()
    try:
        return call()
    finally:
        with lock:
            over.set()
            ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, None)


def blamed(error: BaseException, file: Path) -> BaseException:
    """An error of a strategy as a RunError with its place and one hint; unchanged when it never passed its file."""
    line = line_in(file, error)
    if line is None:
        return error
    cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return RunError(told(file, line, cause, hint_for(error)))


def told(file, line, what: str, hint: str) -> str:
    """`file:line: error: what`, the source line and the hint below it."""
    if file is None or line is None:
        return f"{'' if file is None else f'{file}: error: '}{what}; {hint}"
    linecache.checkcache(str(file))
    return f"{file}:{line}: error: {what}\n  {linecache.getline(str(file), line).strip()}\n  hint: {hint}"


def hint_for(error: BaseException) -> str:
    """What to do about an error that Python raised in a `decide`."""
    text, kind = str(error), type(error).__name__
    if isinstance(error, AttributeError):
        owner = getattr(error, "obj", None)
        if owner is None:
            return "p is None when the file has no Params"
        known = getattr(getattr(owner, "dtype", None), "names", None) or [n for n in dir(owner) if n[0] != "_"]
        near = difflib.get_close_matches(error.name or "", known, 1)
        return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known[:12])}"
    size = re.search(r"out of bounds for axis \d+ with size (\d+)", text)
    valid = f"valid here: 0 to {int(size[1]) - 1}; " if size and int(size[1]) else ""
    for kinds, pattern, hint in HINTS:
        if kind in kinds.split("|") and re.search(pattern, text):
            return valid + hint
    return "decide works with numbers, loops and plain functions; see docs/strategy.md"


def bad_wish(machine: Machine, file: Path, lines: dict) -> str:
    """What to say of a target or transfer that is no finite number: the line that asked for it."""
    want, code = machine.want, int(machine.book.count[ERROR])
    if code == BAD_MOVE:
        wishes = [(f, m) for m in range(int(want.moves[0])) for f in ("move_amount", "move_source", "move_target")]
        finite = f"venues are numbered 0 to {machine.world.rules.venues - 1}"
    else:
        asked = [(int(p), want.asked[p] == HOLD) for p in np.flatnonzero(want.asked)]
        wishes = [(f, p) for p, usd in asked for f in (("notional",) if usd else ("long_units", "short_units"))]
        finite = "the price of one of the pair's legs is not there yet: test seen.pair_open[i] before"
    wrong = [(field, i) for field, i in wishes if not np.isfinite(getattr(want, field)[i])]
    line = next((lines[wish] for wish in wrong + wishes[::-1] if wish in lines), None)
    hint = NOT_A_NUMBER if wrong else finite
    return told(file, line, FAILURES[code], hint)


class Watched(np.ndarray):
    """An array that reports which elements are written."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        report = getattr(self, "report", None)
        if report is not None:
            report(key)


def watched(want, file: Path, lines: dict):
    """The same wishes; `lines` gets the line of the file that wrote each, by (field, number)."""

    def reporter(field):
        def report(key):
            frame = sys._getframe(2)
            while frame is not None and frame.f_code.co_filename != str(file):
                frame = frame.f_back
            if frame is not None and isinstance(key, (int, np.integer)):
                lines[field, int(key)] = frame.f_lineno

        return report

    views = {}
    for field in TARGETS:
        views[field] = getattr(want, field).view(Watched)
        views[field].report = reporter(field)
    return want._replace(**views)


def read_only(book):
    """The same books behind arrays that cannot be written; memory stays writable."""
    views = {name: part.view() for name, part in book._asdict().items() if isinstance(part, np.ndarray)}
    for view in views.values():
        view.flags.writeable = False
    return book._replace(**views)


@contextlib.contextmanager
def restored(names: dict):
    """Put a file's globals back as they were, contents included; modules, functions and classes are left alone."""
    fixed = (types.ModuleType, types.FunctionType, type)
    before = dict(names)
    for name, value in before.items():
        if not name.startswith("__") and not isinstance(value, fixed):
            with contextlib.suppress(Exception):
                before[name] = copy.deepcopy(value)
    try:
        yield
    finally:
        names.clear()
        names.update(before)

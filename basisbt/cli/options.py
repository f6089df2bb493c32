"""Options every verb shares, and the one place where errors become exit codes.

Nothing heavy is imported here: `basisbt --help` has to answer at once.
"""

import contextlib
import functools
import json
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from basisbt.errors import BasisError, ConfigError

Config = Annotated[Path, typer.Argument(help="A config in YAML.", show_default=False)]
Set = Annotated[
    list[str],
    typer.Option(
        "-S", "--set", metavar="KEY=VALUE", show_default=False,
        help="Override a key: `-S a.b=1`, `a.*.c=1` for all, `~a.b` deletes.",
    ),
]  # fmt: skip
Timerange = Annotated[Optional[str], typer.Option(help="Window: 20220101-20230101.", show_default=False)]
DataDir = Annotated[Optional[Path], typer.Option(help="Market data folder (or $BASISBT_DATA).", show_default=False)]
Out = Annotated[Path, typer.Option("-o", "--out", help="Run store.")]
Seed = Annotated[Optional[int], typer.Option(help="Replace the config's seed.", show_default=False)]
EngineName = Annotated[
    str, typer.Option("--engine", help="auto | backtrader | compiled: auto takes compiled code when it is there.")
]
Paths = Annotated[Optional[int], typer.Option(help="Number of sampled paths.", min=1, show_default=False)]
Jobs = Annotated[
    Optional[int],
    typer.Option("-j", "--jobs", help="Processes; default: all cores where it pays.", min=1, show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but results.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour (or set NO_COLOR).")]
Force = Annotated[bool, typer.Option("--force", help="Run again although the answer is in the store.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]

ENGINES = ("auto", "backtrader", "compiled")


def guarded(verb):
    """Turn errors into one clear text on stderr and the contract's exit code; no traceback without --debug."""

    @functools.wraps(verb)
    def call(*args, **kwargs):
        from basisbt.studies.interrupts import listening

        try:
            with listening():
                done = verb(*args, **kwargs)
            if sys.stdout is not None:
                sys.stdout.flush()
            return done
        except BasisError as error:
            if kwargs.get("debug"):
                raise
            fail(str(error), error.exit_code)
        except KeyboardInterrupt:
            if sys.stderr is not None and sys.stderr.isatty():
                print("\r\x1b[K", end="", file=sys.stderr)  # the progress line
            fail("interrupted", 130)
        except BrokenPipeError:
            silence_stdout()
            raise typer.Exit(0) from None
        except (OSError, MemoryError) as error:
            if kwargs.get("debug"):
                raise
            silence_stdout()
            text = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            fail(f"{error.filename}: {text}" if getattr(error, "filename", None) else text, 1)
        except (typer.Exit, typer.Abort, SystemExit):
            raise
        except Exception as error:
            if kwargs.get("debug"):
                raise
            fail(f"internal error: {type(error).__name__}: {error}; --debug shows where", 1)

    return call


def fail(text: str, code: int):
    """Print an error and leave with its exit code."""
    if not re.match(r"(.*: )?error: ", text):
        text = f"error: {text}"
    print(text, file=sys.stderr)
    raise typer.Exit(code)


def console(no_color: bool = False, stderr: bool = False):
    """A Rich console on stdout (or stderr), plain when asked for."""
    from rich.console import Console

    class Quiet(Console):
        """A console that says so when the reader has gone (`| head`), where Rich would exit with 1."""

        def on_broken_pipe(self):
            raise BrokenPipeError

    width = None
    if sys.stdout is None or not sys.stdout.isatty():
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdecimal() and int(columns) > 0 else 100
    return Quiet(no_color=no_color or None, stderr=stderr, width=width, highlight=False)


def silence_stdout() -> None:
    """Nothing more on stdout: nobody reads it, or it cannot be written; else Python complains when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def working():
    """While a strategy may run: what it prints goes to stderr, so that stdout holds results and nothing else."""
    return contextlib.redirect_stdout(sys.stderr)


def print_json(value) -> None:
    """One JSON document on stdout."""
    from basisbt.studies.store import plain

    print(json.dumps(plain(value), indent=2, default=str))


def config_path(path: Path) -> Path:
    """The config itself, or the shipped one of that name when there is none here (said on stderr)."""
    from basisbt.places import packaged

    if path.exists() or path.is_absolute():
        return path
    for place in (packaged(*path.parts), packaged("configs", "runs", path.name)):
        if place.is_file():
            print(f"no {path} here; using {place}", file=sys.stderr)
            return place
    return path


def checked_engine(name: str) -> str:
    """The engine's name. Raises ConfigError for an unknown one."""
    if name not in ENGINES:
        raise ConfigError(f"--engine: found {name!r}, expected one of {', '.join(ENGINES)}")
    return name


def counting(quiet: bool, what: str = "paths"):
    """progress(done, total) on stderr with rate and time left: redrawn on a terminal, every 10 s or so elsewhere."""
    import time

    if quiet:
        return None
    clocks = {"began": time.monotonic(), "told": 0.0}

    def show(done, total):
        if done == 0:  # what came before, compiling above all, is not the rate of paths
            clocks.update(began=time.monotonic(), told=0.0)
            return
        passed = time.monotonic() - clocks["began"]
        redraw = sys.stderr.isatty()
        if not redraw and (passed - clocks["told"] < 10.0):
            return
        if redraw and done < total and passed - clocks["told"] < 0.1:
            return
        clocks["told"] = passed
        rate = done / passed if passed > 0.0 else 0.0
        left = f", {clock((total - done) / rate)} left" if rate > 0.0 and done < total else f", {clock(passed)}"
        end = ("" if done < total else "\n") if redraw else "\n"
        text = f"{done:,} of {total:,} {what}, {rate:,.0f} a second{left}"
        print(f"\r\x1b[K{text}" if redraw else text, end=end, file=sys.stderr, flush=True)

    return show


def clock(seconds: float) -> str:
    """A length of time for a person: `8 s`, `2 min 5 s`."""
    whole = int(seconds + 0.5)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def say(quiet: bool):
    """A progress line on stderr, redrawn on a terminal; None when quiet or not a terminal."""
    if quiet or not sys.stderr.isatty():
        return None

    def show(done, total, what):
        text = " ".join(f"{k}={v}" for k, v in what.items())
        print(f"\r\x1b[K{done + 1}/{total} {text}", end="" if done + 1 < total else "\n", file=sys.stderr, flush=True)

    return show

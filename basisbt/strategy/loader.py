"""The loader: from a name in a config to a `decide`, its parameters and its memory.

Knows where strategy files are and how their parameters are typed. Knows no YAML: a wrong parameter is reported by
name, and whoever read the config adds the place.
"""

import dataclasses
import difflib
import hashlib
import importlib
import importlib.util
import sys
import typing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from basisbt.errors import ConfigError
from basisbt.strategy.check import check_source, reason_codes
from basisbt.strategy.fitting import (
    check_class, check_decide, check_params, fresh_memory, sources, unknown_parameter,
)  # fmt: skip
from basisbt.strategy.parameters import Choice, Unit
from basisbt.units import parse_duration, parse_fraction, parse_leverage, parse_number, parse_rate


class ParameterError(ConfigError):
    """Parameters that do not fit; `mistakes` is a list of (parameter or '', message)."""

    def __init__(self, mistakes):
        super().__init__("\n".join(f"{name}: {message}" if name else message for name, message in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class Loaded:
    """A strategy ready to run. For a `bt.Strategy`, `decide` is None and `cls` the class."""

    name: str
    file: Path | None
    digest: str
    decide: object
    params: object  # frozen dataclass for interpreted runs, kwargs for a class
    record: object  # numpy record for compiled runs
    memory: np.ndarray
    reasons: dict
    cls: type | None = None


def find_strategy(use: str, folders: list[Path]) -> Path:
    """The file a name stands for: `./file.py` beside the config, else `<folder>/<name>.py` in order of folders.

    Raises ConfigError naming every place looked at, with a suggestion.
    """
    if use.endswith(".py"):
        path = (folders[0].parent / use).resolve() if not Path(use).is_absolute() else Path(use)
        if path.is_file():
            return path
        raise ConfigError(f"no strategy file {path}")
    for folder in folders:
        path = folder / f"{use}.py"
        if path.is_file():
            return path
    known = sorted({p.stem for f in folders if f.is_dir() for p in f.glob("*.py") if p.stem != "__init__"})
    near = difflib.get_close_matches(use, known, 1)
    hint = f", did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
    raise ConfigError(f"no strategy {use!r} in {', '.join(map(str, folders))}{hint}")


def module_name(path: Path) -> str:
    """The name a strategy file is imported under: its own, whatever else is called so."""
    return f"basisbt_strategy_{path.stem}_{hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()}"


def import_file(path: Path) -> ModuleType:
    """Import a strategy file under a name of its own. Raises ConfigError with file and line when it cannot run."""
    name = module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ConfigError(f"{error.filename}:{error.lineno}: error: {error.msg}") from error
    except (Exception, SystemExit) as error:
        line = line_in(path, error)
        raise ConfigError(f"{path}:{line or 1}: error: {type(error).__name__}: {error}") from error
    return module


def line_in(path: Path, error: BaseException) -> int | None:
    """The line of a file in which an error arose, or from which it was called; None when it never passed there."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def load_strategy(use: str, params: dict, folders: list[Path], venues=(), pairs=(), known=None) -> Loaded:
    """Load a strategy by name, file or `module:Class`. folders[0] is `strategies/` beside the config.

    known: a dict of files imported before, by their content: what they compiled to is then used again.
    Raises ConfigError, ParameterError.
    """
    if ":" in use and not use.endswith(".py"):
        return load_class(use, params, folders)
    path = find_strategy(use, folders)
    digest = hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()
    known = {} if known is None else known
    if (path, digest) not in known:
        check_source(path)
        module = import_file(path)
        check_decide(path, getattr(module, "decide", None))
        known[path, digest] = module, reason_codes(path)
    module, reasons = known[path, digest]
    values = typed_params(getattr(module, "Params", None), params, venues, pairs, path)
    memory = getattr(module, "Memory", None)
    return Loaded(
        path.stem, path, digest, module.decide, values, as_record(values),
        as_array(None if memory is None else fresh_memory(path, memory)), reasons,
    )  # fmt: skip


def load_class(use: str, params: dict, folders: list[Path]) -> Loaded:
    """A `bt.Strategy` by `module:Class`, the module importable or beside the config."""
    module_name, _, class_name = use.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise ConfigError(f"strategy {use!r}: expected module:Class, as in my_strategy:MyStrategy")
    places = [folders[0].parent, *folders]
    module = import_beside(module_name, places, use)
    if not hasattr(module, class_name):
        known = sorted(n for n, v in vars(module).items() if isinstance(v, type) and v.__module__ == module.__name__)
        raise ConfigError(f"strategy {use!r}: no class {class_name} in {module_name}; there are {', '.join(known)}")
    cls = getattr(module, class_name)
    mistakes = check_class(use, cls, params)
    if mistakes:
        raise ParameterError(mistakes)
    file = Path(module.__file__)
    digest = hashlib.blake2b(b"".join(sources(file, places).values()), digest_size=8).hexdigest()
    return Loaded(class_name, file, digest, None, dict(params), as_record(None), as_array(None), {}, cls)


def import_beside(name: str, places: list[Path], use: str) -> ModuleType:
    """A module by name: a file in one of `places` before anything installed. Raises ConfigError.

    A file is imported under a name of its own: two configs may each have a `my.py` beside them.
    """
    sys.path[:0] = map(str, places)
    try:
        for folder in places:
            path = folder / (name.replace(".", "/") + ".py")
            if path.is_file():
                return import_file(path)
        return importlib.import_module(name)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigError(f"strategy {use!r}: {type(error).__name__}: {error}") from error
    finally:
        del sys.path[: len(places)]


def typed_params(cls, given: dict, venues, pairs, path):
    """An instance of a strategy's Params from plain YAML scalars, units by annotation. Raises ParameterError."""
    if cls is None:
        if given:
            raise ParameterError([(name, f"{path.name} takes no parameters") for name in given])
        return None
    check_params(path, cls)
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except Exception as error:
        raise ConfigError(f"{path}: error: an annotation of Params: {error}") from error
    names = [field.name for field in dataclasses.fields(cls)]
    mistakes, values = [], {}
    for name, value in given.items():
        if name not in names:
            mistakes.append((name, unknown_parameter(name, names, path.name)))
            continue
        try:
            values[name] = read_parameter(value, hints[name], venues, pairs)
        except (ValueError, TypeError, OverflowError, ConfigError) as error:
            mistakes.append((name, str(error)))
    if mistakes:
        raise ParameterError(mistakes)
    try:
        return cls(**values)
    except Exception as error:
        raise ParameterError([("", f"{path.name}: {error or type(error).__name__}")]) from error


def read_parameter(value, hint, venues, pairs):
    """One scalar by its annotation: a unit, a choice of words, the name of a venue or pair, or a plain type."""
    marks = getattr(hint, "__metadata__", ())
    for mark in marks:
        if isinstance(mark, Choice):
            if isinstance(value, str) and value in mark.codes:
                return mark.codes[value]
            raise ValueError(f"found {value!r}, expected one of {', '.join(mark.codes)}")
        if isinstance(mark, Unit):
            return read_unit(value, mark.name, venues, pairs)
    if hint is bool and isinstance(value, bool):
        return value
    if hint is float:
        return parse_number(value)
    if hint is int and isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) >= 2.0**53 or value != int(value):
            raise ValueError(f"found {value!r}, expected a whole number")
        return int(value)
    raise ValueError(f"found {value!r}, expected {getattr(hint, '__name__', hint)}")


def read_unit(value, unit, venues, pairs):
    """A scalar in the unit an annotation names; float, or the index of a venue or pair."""
    if unit in ("venue", "pair"):
        known = list(venues if unit == "venue" else pairs)
        if value in known:
            return known.index(value)
        near = difflib.get_close_matches(str(value), known, 1)
        raise ValueError(f"no {unit} {value!r}" + (f", did you mean {near[0]!r}?" if near else ""))
    if unit == "days":
        return parse_number(value) if isinstance(value, (int, float)) else parse_duration(value) / 86400.0
    if unit == "bars":
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            return value
        raise ValueError(f"found {value!r}, expected a whole number of bars")
    if unit == "number":
        return parse_number(value)
    parse = {"per_year": parse_rate, "fraction": parse_fraction, "leverage": parse_leverage}[unit]
    return float(parse(value))


def as_record(params):
    """Parameters as a numpy record, the shape compiled code takes them in."""
    fields = dataclasses.fields(params) if params is not None else ()
    kinds = [(f.name, _dtype(getattr(params, f.name))) for f in fields] or [("nothing", "f8")]
    values = tuple(getattr(params, f.name) for f in fields) or (0.0,)
    return np.array([values], kinds)[0]


def as_array(memory):
    """A Memory dataclass as a record array of length one, writable by attribute interpreted and compiled."""
    fields = dataclasses.fields(memory) if memory is not None else ()
    kinds = [(f.name, _dtype(getattr(memory, f.name))) for f in fields] or [("nothing", "f8")]
    values = tuple(getattr(memory, f.name) for f in fields) or (0.0,)
    return np.array([values], kinds).view(np.recarray)


def _dtype(value):
    if isinstance(value, bool):
        return "?"
    return "i8" if isinstance(value, int) else "f8"

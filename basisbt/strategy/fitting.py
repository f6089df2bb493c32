"""Whether what a strategy file defines can be used: its `decide`, its Params and Memory, or its Backtrader class.

Knows shapes: how many arguments, a frozen dataclass, numbers. Does not know what a config says about them.
"""

import ast
import dataclasses
import difflib
import inspect
from pathlib import Path

from basisbt.errors import ConfigError

DECIDE = "decide(seen, book, want, p)"


def place(path: Path, name: str) -> str:
    """`file:line` where a name is defined at the top of a file; the file alone when it is not found."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if getattr(node, "name", None) == name:
            return f"{path}:{node.lineno}"
    return str(path)


def check_decide(path: Path, decide) -> None:
    """Raise ConfigError unless `decide` is a plain function of four arguments."""
    if not callable(decide):
        raise ConfigError(f"{path}: has no function `{DECIDE}`")
    where = f"{place(path, 'decide')}: error: found"
    if not inspect.isfunction(decide):
        raise ConfigError(f"{where} a {type(decide).__name__} called decide; expected a function: def {DECIDE}:")
    signature = inspect.signature(decide)
    if inspect.isgeneratorfunction(decide) or inspect.iscoroutinefunction(decide):
        raise ConfigError(f"{where} a generator or coroutine, which would never run; expected def {DECIDE}:")
    try:
        signature.bind(None, None, None, None)
    except TypeError:
        raise ConfigError(f"{where} decide{signature}; expected four arguments: {DECIDE}") from None


def check_params(path: Path, cls) -> None:
    """Raise ConfigError unless Params is a frozen dataclass whose defaults are numbers."""
    where = place(path, "Params")
    if not dataclasses.is_dataclass(cls):
        raise ConfigError(f"{where}: error: Params is not a dataclass; write `@dataclass(frozen=True)` above it")
    if not cls.__dataclass_params__.frozen:
        raise ConfigError(f"{where}: error: Params can be changed; write `@dataclass(frozen=True)` above it")
    refuse_what_is_no_number(where, "Params", {f.name: f.default for f in dataclasses.fields(cls)})


def fresh_memory(path: Path, cls):
    """An instance of a strategy's Memory. Raises ConfigError unless it is a dataclass of numbers with defaults."""
    where = place(path, "Memory")
    if not dataclasses.is_dataclass(cls):
        raise ConfigError(f"{where}: error: Memory is not a dataclass; write `@dataclass` above it")
    try:
        memory = cls()
    except Exception as error:
        raise ConfigError(f"{where}: error: Memory needs a default for every field ({error})") from error
    refuse_what_is_no_number(where, "Memory", {f.name: getattr(memory, f.name) for f in dataclasses.fields(cls)})
    return memory


def refuse_what_is_no_number(where: str, owner: str, values: dict) -> None:
    """Raise ConfigError naming the fields that are not numbers; a field without a default passes."""
    for name, value in values.items():
        if value is dataclasses.MISSING:
            continue
        if not isinstance(value, (bool, int, float)) or (isinstance(value, int) and not -(2**63) <= value < 2**63):
            hint = "; for a choice of words see OneLegFails in basisbt/strategy/parameters.py"
            raise ConfigError(
                f"{where}: error: {owner}.{name}: found {value!r}, expected a number (64 bits) or true or false"
                + (hint if owner == "Params" else "")
            )


def check_class(use: str, cls, params: dict) -> list[tuple[str, str]]:
    """Mistakes in a Backtrader class's parameters. Raises ConfigError when it is no `bt.Strategy`."""
    if not isinstance(cls, type) or ("backtrader.strategy", "Strategy") not in {
        (c.__module__, c.__name__) for c in cls.__mro__
    }:
        raise ConfigError(f"strategy {use!r}: found {cls!r}, expected a class that derives from bt.Strategy")
    own = inspect.signature(cls.__init__).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in own) and not cls.__init__.__module__.startswith("backtrader."):
        return []
    defaults = dict(cls.params._getitems())
    defaults.update({p.name: p.default for p in list(own)[1:] if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)})
    mistakes = []
    for name, value in params.items():
        known = defaults.get(name)
        if name not in defaults:
            mistakes.append((name, unknown_parameter(name, list(defaults), cls.__name__)))
        elif isinstance(known, (int, float)) and not isinstance(value, (int, float)):
            mistakes.append((name, f"found {value!r}, expected a number as its default is: {known!r}"))
    return mistakes


def unknown_parameter(name: str, known: list[str], owner: str) -> str:
    """What to say of a parameter that is not there."""
    near = difflib.get_close_matches(name, known, 1)
    hint = f", did you mean {near[0]!r}?" if near else f"; it takes {', '.join(known) or 'none'}"
    return f"{owner} has no parameter {name!r}{hint}"


def sources(path: Path, folders: list[Path], seen: dict | None = None) -> dict[Path, bytes]:
    """A strategy file and the files in `folders` it imports, whichever way: what its digest is made of."""
    seen = {} if seen is None else seen
    seen[path] = path.read_bytes()
    for node in ast.walk(ast.parse(seen[path])):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            for folder in folders:
                other = folder / (name.replace(".", "/") + ".py")
                if other not in seen and other.is_file():
                    sources(other, folders, seen)
    return seen

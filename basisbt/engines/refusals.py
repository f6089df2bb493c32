"""Why a `decide` is not compiled: a compiler's wall of text as one place, one finding and one hint.

Knows what Numba's messages look like and how a strategy is compiled alone. Refuses to judge whether a strategy is
right (trial.py), and never stops a run: what is refused here still runs interpreted, slower.
"""

import ast
import linecache
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from basisbt.core.decision import make_want
from basisbt.engines.machine import Machine
from basisbt.engines.world import World
from basisbt.strategy.subset import NOTE, obstacles

BLOCKING = {"compile", "text", "bits"}
SIGNS = {
    "add": "+", "iadd": "+=", "sub": "-", "isub": "-=", "mul": "*", "imul": "*=", "truediv": "/", "itruediv": "/=",
    "floordiv": "//", "mod": "%", "pow": "**", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
    "neg": "-", "getitem": "x[i]", "setitem": "x[i] = y", "contains": "in", "not_": "not", "is_": "is",
}  # fmt: skip
TYPES = (
    ("Literal\\[str\\]|unicode|UnicodeType", "text"), ("none|NoneType", "None"), ("Optional", "a number or None"),
    ("readonly|array|Array", "an array"), ("Dict|LiteralStrKey", "a dict"), ("set|Set|reflected set", "a set"),
    ("list|List|reflected", "a list"), ("Tuple|UniTuple|StarArg", "a tuple"), ("Seen\\(", "seen"),
    ("Standing\\(", "book"), ("Want\\(", "want"), ("Record", "a record"), ("Literal\\[bool\\]|bool", "true or false"),
    ("Literal\\[int\\]|u?int|float|Float|Integer", "a number"), ("Function|type\\(CPUDispatcher", "a function"),
    ("Module", "a module"),
)  # fmt: skip
MISSING = r"No implementation of function Function\(<(?:[a-z -]+ '?)?(\w+).*?>>> \w+\((.*?)\)\n"
ONE_TYPE = "a name keeps one type: use a second name, and a number for nothing (math.nan, -1)"
GLOBALS = "a file's globals are numbers and tuples of numbers; import functions by name (from … import f)"
SHAPES = "per bar and instrument x[seen.now, i], per pair or venue x[i]; see docs/strategy.md"


@dataclass(frozen=True)
class Refusal:
    """Why a strategy's `decide` runs interpreted only: line (from 1) and text of its source, finding, one hint."""

    file: Path
    line: int
    source: str
    what: str
    hint: str

    def __str__(self):
        return f"{self.file}:{self.line}: decide is not compiled: {self.what}\n  {self.source}\n  hint: {self.hint}"


def why_interpreted(decide, world: World) -> Refusal | None:
    """Why this `decide` should run interpreted: the first obstacle its source shows, else what the compiler refuses.

    None when it can be compiled and will agree with its interpreted twin. 3 ms for an obstacle, else as `compiles`;
    who compiles the whole engine anyway asks for `obstacle` before and for `compiles` only when that failed.
    """
    return obstacle(Path(decide.__code__.co_filename)) or compiles(decide, world)


def obstacle(file: Path) -> Refusal | None:
    """The first thing in a strategy's source that keeps it out of the compiled subset; None when there is none.

    What only needs memory is no reason to run interpreted. Raises ConfigError when the file cannot be read.
    """
    found = next((each for each in obstacles(file) if each.kind in BLOCKING), None)
    if found is None:
        return None
    return Refusal(file, found.line, source_line(file, found.line), found.what, found.hint)


def compiles(decide, world: World) -> Refusal | None:
    """Compile `decide` and the functions it calls, not the model around it; None when that works.

    0.3 to 2 s. `world` gives the types of its arguments; `world.params` is the record of compiled runs. Whatever the
    compiler raises is reduced to a Refusal.
    """
    import numba

    from basisbt.engines.compile import TWINS, compile_graph

    types = tuple(numba.typeof(each) for each in arguments_of(world))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile_graph(decide, TWINS, top=False).compile(types)
    except Exception as error:  # the compiler's own mistakes (KeyError, AssertionError) too
        return refusal(error, Path(decide.__code__.co_filename), decide.__code__.co_firstlineno)
    return None


def arguments_of(world: World) -> tuple:
    """(seen, book, want, p) as `decide` gets them at the close of a world's first bar."""
    got: list = []
    overlay = world.overlay._replace(row=world.overlay.row[:1])
    machine = Machine(world.without(decide=lambda *given: got.extend(given), overlay=overlay), room=0)
    machine.advance(0)
    machine.decide(0)
    return got[0], got[1], make_want(world.rules.long.size), got[3]


def refusal(error: BaseException, file: Path, first: int = 1) -> Refusal:
    """An error of the compiler as a place in `file`, what was found there and one hint. first: the line of `decide`."""
    text = "\n".join([str(error), *(getattr(each, "msg", "") for each in (error.__cause__,) if each)])
    line = place_in(text, file)
    loc = getattr(error, "loc", None)
    if line is None and loc is not None and loc.filename == str(file):
        line = loc.line
    if line is None:
        line = place_of_name(getattr(error, "name", None) or (error.args or ("",))[0], file)
    if line is None or isinstance(error, RecursionError):
        seen_in_source = obstacle(file)
        if seen_in_source is not None:
            return seen_in_source
    what, hint = reduced(error, text)
    line = first if line is None else line
    return Refusal(file, line, source_line(file, line), what, hint)


def place_in(text: str, file: Path) -> int | None:
    """The first line of `file` that a message names; inner calls come first in it."""
    name = re.escape(file.name)
    found = re.search(rf'{name}", line (\d+)|{re.escape(str(file))} \((\d+)\)', text)
    return int(found[1] or found[2]) if found else None


def place_of_name(name, file: Path) -> int | None:
    """The first line of `file` that reads an attribute of this name, for errors that say no more."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    lines = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == name]
    return min(lines, default=None)


def source_line(file: Path, line: int) -> str:
    """One line of a file without its indentation."""
    linecache.checkcache(str(file))
    return linecache.getline(str(file), line).strip()


def reduced(error: BaseException, text: str) -> tuple[str, str]:
    """(what was found, one hint) of a compiler's message."""
    if isinstance(error, KeyError):  # how the compiler says that a record has no such field
        return f"no field {error.args[0]!r} in Params or Memory", "check the spelling, or add the field with a default"
    for pattern, tell in RULES:
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return tell(*found.groups())
    plain = [each.strip() for each in text.splitlines() if each.strip() and not each.startswith("Failed in")]
    what = f"{type(error).__name__}: {plain[0] if plain else ''}"[:100].rstrip(": ")
    return what, "keep to the subset on docs/strategy.md, section What compiles"


def name_of_type(text: str) -> str:
    """A compiler's type in a reader's words."""
    text = text.strip()
    return next((words for pattern, words in TYPES if re.match(pattern, text)), "something else")


def split_types(text: str) -> list[str]:
    """Top-level parts of `int64, array(float64, 2d, C), none`, in a reader's words."""
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [name_of_type(each.rpartition("=")[2] if re.match(r" *\w+=", each) else each) for each in [*parts, part]]


def no_implementation(name: str, types: str) -> tuple[str, str]:
    """An operation that is not there for these types."""
    kinds = split_types(types)
    shown = f"`{SIGNS[name]}`" if name in SIGNS else f"{name}()"
    what = f"{shown} with {' and '.join(kinds)}" if kinds != ["something else"] else shown
    if name in ("getitem", "setitem"):
        what = f"{shown} where x is {kinds[0]} and i {kinds[1]}"
    if name == "exception_match":
        return "except with the name of an error", "test before: if x != 0.0, if i < seen.pairs"
    if "text" in kinds:
        return what, NOTE
    if "None" in kinds or "a number or None" in kinds:
        return what, "give it a number on every path: math.nan, -1"
    if name == "setitem" and "readonly" in types:
        return what, "seen cannot be written: ask with hold, leg or move; state is in book.memory"
    if name in ("getitem", "setitem"):
        return what, SHAPES
    if name in SIGNS:
        return what, "take one element of an array, as seen.close[seen.now, i]"
    return what, "not available in compiled code in this form: write it out with loops, min, max, math"


def no_attribute(name: str, owner: str) -> tuple[str, str]:
    """An attribute that a type does not have."""
    module = re.match(r"Module\(<module '([\w.]+)'", owner)
    if module:
        return f"{module[1]}.{name}", "only math and numpy can be compiled, not all of numpy; check the spelling"
    what = f"{name_of_type(owner)} has no {name!r} in compiled code"
    return what, "check the spelling; docs/strategy.md says what there is"


def not_one_type(one: str, other: str, name: str) -> tuple[str, str]:
    """A name that is one thing here and another there."""
    kinds = name_of_type(one), name_of_type(other)
    return f"{name.lstrip('$')!r} is {kinds[0]} on one path and {kinds[1]} on another", ONE_TYPE


def not_one_return(types: str) -> tuple[str, str]:
    """A function that returns different things."""
    kinds = dict.fromkeys(split_types(types))
    return f"a function returns {' or '.join(kinds)}", "return a number on every path"


def wrong_arguments(reason: str) -> tuple[str, str]:
    """A call with arguments that the function does not take."""
    return f"a call does not fit its function: {reason.strip()}", "count the arguments against the function's own line"


RULES = (
    (r"NameError: name '(\w+)' is not defined", lambda name: (f"name {name!r} is not defined", "define or import it")),
    (r"module '([\w.]+)' has no attribute '(\w+)'", lambda m, n: (f"{m} has no {n!r}", "check the spelling")),
    (r"Unknown attribute '(\w+)' of type (.+?)\n", no_attribute),
    (r"[Uu]nsupported NumPy function '([\w.]+)'",
     lambda name: (f"{name}, or this use of it", "write it out with loops, min, max, math")),
    (r"Cannot unify (.+) and (.+) for '([^'.]+)", not_one_type),
    (r"Can't unify return type from the following types: (.+?)\n", not_one_return),
    (r"Untyped global name '(\w+)':? .*?<class '([\w.]+)'>", lambda n, kind: (f"{n!r}, which is a {kind}", GLOBALS)),
    (r"reflected \w+\(.*?assigned to variable '(\w+)' in globals", lambda n: (f"{n!r}, which is a list", GLOBALS)),
    (r"Cannot bind '.*?(missing [^'\n]+'\w+'|got [^'\n]+'\w+'|too many [\w ]+)", wrong_arguments),
    (r"(missing a required argument|too many positional arguments|got an unexpected keyword)", wrong_arguments),
    (r"IMPORT_NAME", lambda: ("an import inside a function", "import at the top of the file")),
    (r"STORE_GLOBAL|DELETE_GLOBAL", lambda: ("a global that changes", "keep state in Memory: book.memory.x += 1")),
    (r"LOAD_BUILD_CLASS", lambda: ("a class inside a function", "keep state in Memory")),
    (r"context manager|WITH", lambda: ("with", "leave files and contexts outside decide")),
    (r"f-strings?|FORMAT|BUILD_STRING", lambda: ("text put together", NOTE)),
    (r"yield|generator", lambda: ("a generator", "write the loop out")),
    (r"self-recursion|recursion", lambda: ("a function that calls itself", "write a loop")),
    (r"imprecise type|untyped list|undefined", lambda: ("an empty list", "keep numbers; state is in Memory")),
    (MISSING, no_implementation),
    (r"Invalid use of (?:readonly )?array", lambda: ("an array called like a function", "write x[i], not x(i)")),
    (r"Invalid use of BoundFunction\((\w+)\.(\w+)", lambda t, n: (f".{n}() of {name_of_type(t)}", ONE_TYPE)),
    (r"[Rr]ead-?only", lambda: ("a write to seen", "ask with hold, leg or move; state is in book.memory")),
    (r"exception|SETUP_|RERAISE", lambda: ("try / except", "test before: if x != 0.0, if i < seen.pairs")),
    (r"opcode \((\w+)\)", lambda name: (f"Python's {name}", "keep to the subset on docs/strategy.md")),
)  # fmt: skip

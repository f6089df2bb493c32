"""What keeps a `decide` from being compiled, or would make it differ from its compiled twin, read off its source.

Knows the subset of Python that docs/strategy.md allows. Refuses nothing: what is listed here still runs interpreted.
It reads names, not types; what only types tell (an array where a number was) is left to the compiler.
"""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from basisbt.strategy.check import local_names, names_at_top, reachable, read_tree
from basisbt.strategy.flow import SILENT, calling_themselves, returns_values, sometimes_nothing, unset_names

NOTE = "keep numbers; a choice is a whole-number constant at the top of the file, as ENTER = 1"
STATE = "keep what must last in Memory, one number a field, and add up in a loop"
NODES = {
    (ast.JoinedStr,): ("text", "an f-string", NOTE),
    (ast.Dict, ast.DictComp): ("compile", "a dict", "use if / elif over whole numbers, or fields of Params"),
    (ast.Set, ast.SetComp): ("compile", "a set", "compare one by one: x == 1 or x == 2"),
    (ast.List, ast.ListComp): ("memory", "a list", f"a fixed one can be a tuple (1, 2); else {STATE}"),
    (ast.GeneratorExp,): ("compile", "a generator", "write the loop out"),
    (ast.Yield, ast.YieldFrom): ("compile", "yield", "return a number"),
    (ast.FunctionDef, ast.Lambda): ("compile", "a function inside a function", "write it at the top of the file"),
    (ast.ClassDef,): ("compile", "a class inside a function", "keep state in Memory"),
    (ast.Import, ast.ImportFrom): ("compile", "an import inside a function", "import at the top of the file"),
    (ast.Try, ast.TryStar): ("compile", "try / except", "test before: if x != 0.0, if i < seen.pairs"),
    (ast.With,): ("compile", "with", "leave files and contexts outside decide"),
    (ast.Match,): ("compile", "match", "write if / elif"),
    (ast.Global, ast.Nonlocal): ("compile", "a global that changes", "keep state in Memory: book.memory.x += 1"),
    (ast.Starred,): ("compile", "a starred argument", "name every argument"),
}
NODES = {kind: what for kinds, what in NODES.items() for kind in kinds}
OUTPUT = {"print", "input", "open"}
TEXT = {"str", "repr", "format", "bytes", "chr", "ascii"}
DYNAMIC = {
    "getattr", "setattr", "hasattr", "delattr", "eval", "exec", "compile", "globals", "locals", "vars", "type",
    "isinstance", "callable", "id", "super", "__import__",
}  # fmt: skip
BUILT = {"list", "sorted", "dict", "set", "frozenset", "map", "filter", "iter", "next", "bytearray", "object"}
OWN_LOOP = "write the loop out: total += x, from the first to the last"
MULTIPLY = "multiply: x * x"
BITS = {
    "pow": MULTIPLY, "power": MULTIPLY, "float_power": MULTIPLY, "square": MULTIPLY,
    "exp2": "math.exp(x * math.log(2.0))",
    "exp": "math.exp, one number at a time", "log": "math.log, one number at a time", "sqrt": "math.sqrt",
    "log2": "math.log(x) / math.log(2.0)", "log10": "math.log(x) / math.log(10.0)", "log1p": "math.log(1.0 + x)",
    "expm1": "math.exp(x) - 1.0", "tanh": "1.0 - 2.0 / (math.exp(2.0 * x) + 1.0)",
    "quantile": "a rule without quantiles, as a running highest and lowest", "fsum": OWN_LOOP,
}  # fmt: skip
ADDING = {"sum", "mean", "std", "var", "dot", "prod", "cumsum", "cumprod", "average", "nansum", "nanmean", "nanstd",
          "nanvar", "matmul", "inner", "vdot", "einsum", "trapezoid"}  # fmt: skip
BITS |= dict.fromkeys(ADDING, OWN_LOOP)
BITS |= dict.fromkeys(("percentile", "median", "nanmedian", "nanpercentile", "nanquantile"), BITS["quantile"])
METHODS = ADDING & {"sum", "mean", "std", "var", "dot", "prod", "cumsum", "cumprod"}
OF_MATH = {"pow", "fsum", "tanh", "exp2", "log1p", "expm1"}
MAKES = {
    "zeros", "ones", "empty", "full", "array", "asarray", "arange", "linspace", "copy", "concatenate", "append",
    "where", "zeros_like", "ones_like", "empty_like", "full_like", "stack", "hstack", "vstack", "repeat", "tile",
    "diff", "sort", "argsort", "unique", "convolve", "corrcoef", "cov", "polyfit", "roll", "flip",
}  # fmt: skip
GROWS = {"append", "extend", "copy", "astype", "tolist", "flatten", "insert"}


LIBRARIES = {"pandas", "scipy", "polars", "sklearn", "torch", "talib", "backtrader", "ccxt", "requests", "statsmodels"}


@dataclass(frozen=True)
class Obstacle:
    """One thing outside the compiled subset: where (from 1), what, what to write instead.

    kind: `compile` cannot be compiled · `text` no text in decide · `memory` needs memory in every bar · `bits` would
    compile, and differ from its interpreted twin in the last digit.
    """

    line: int
    column: int
    what: str
    hint: str
    kind: str = "compile"

    def __str__(self):
        return f"{self.what}; {self.hint}"


class Names:
    """What the top of a file defines, and where it got it."""

    def __init__(self, tree):
        self.top = names_at_top(tree)
        self.values, self.imported, self.modules = {}, {}, {}
        for node in tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.modules[alias.asname or alias.name.partition(".")[0]] = alias.name
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = (node.module or "", alias.name)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                what = kind_of_value(node.value)
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.values |= {t.id: what for t in targets if what and isinstance(t, ast.Name)}

    def foreign(self, module: str) -> bool:
        """Whether a module is one of Python's or a known library that compiled code cannot enter."""
        top = module.partition(".")[0]
        return top in LIBRARIES or top in sys.stdlib_module_names - {"math", "__future__"}


def kind_of_value(node) -> str:
    """`a dict`, `text` … for a constant that compiled code cannot read; empty for others."""
    if type(node) in (ast.Dict, ast.DictComp, ast.Set, ast.SetComp, ast.List, ast.ListComp):
        return NODES[type(node)][1]
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, (str, bytes))):
        return "None" if node.value is None else "text"
    return ""


def obstacles(path: Path) -> list[Obstacle]:
    """What keeps the `decide` of a file, and the functions of the file that it calls, from the compiled subset.

    In order of lines; empty when nothing is known to stand in the way. Raises ConfigError when the file cannot be read.
    """
    tree = read_tree(path)
    names = Names(tree)
    found = []
    functions = reachable(tree)
    circle = calling_themselves(functions)
    silent = SILENT | {function.name for function in functions if not returns_values(function, SILENT)}
    for function in functions:
        if function.name in circle:
            hint = "write a loop: compiled functions cannot call themselves"
            found.append(_at(function, "compile", f"{function.name} calls itself", hint))
        if function.args.vararg or function.args.kwarg:
            found.append(_at(function, "compile", "arguments in any number", "name every argument"))
        lost = sometimes_nothing(function, silent)
        if lost:
            what = f"{function.name} returns a number on some paths and nothing on others"
            found.append(_at(lost, "compile", what, "return a number on every path, or on none"))
        for name in unset_names(function):
            hint = "give it one before the if or the loop: compiled code reads 0 where Python stops"
            found.append(_at(name, "bits", f"{name.id} may have no value", hint))
        own = local_names(function)
        for node in function.body:
            found += look(node, names, own)
    return sorted(found, key=lambda each: (each.line, each.column))


def look(node, names, own):
    """Obstacles in a node and below it; what has been named as a whole is not taken apart."""
    what = judge(node, names, own)
    if what is not None:
        return [_at(node, *what)]
    loose = isinstance(getattr(node, "value", None), ast.Constant)
    if isinstance(node, (ast.Raise, ast.Assert)) or (isinstance(node, ast.Expr) and loose):
        return []  # the text of an error and a docstring do no harm
    if isinstance(node, ast.Return) and loose and node.value.value is None:
        return []
    children = (c for c in ast.iter_child_nodes(node) if c is not getattr(node, "annotation", None))
    return [each for child in children for each in look(child, names, own)]


def judge(node, names, own):
    """(kind, what, hint) of one node, or None."""
    if type(node) in NODES:
        return NODES[type(node)]
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, (ast.Pow, ast.MatMult)):
        power = isinstance(node.op, ast.Pow)
        return "bits", "`**`" if power else "`@`", f"{MULTIPLY}; roots by math.sqrt" if power else OWN_LOOP
    if isinstance(node, ast.Constant):
        if isinstance(node.value, (str, bytes)):
            return "text", f"text {shorten(repr(node.value))}", NOTE
        if node.value is None:
            return "compile", "None", "use a number for nothing: math.nan, -1"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return judge_builtin(node.func.id) if node.func.id not in own | names.top else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return judge_method(node.func, names, own)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own:
        return judge_global(node.id, names)
    if isinstance(node, ast.Attribute):
        return judge_attribute(node, names, own)
    return None


def judge_builtin(name):
    """(kind, what, hint) of a call of one of Python's own functions, or None."""
    if name in OUTPUT:
        return "text", f"{name}()", "leave it out: the journal and the report say what was done and why (reason codes)"
    if name in TEXT:
        return "text", f"{name}()", NOTE
    if name in DYNAMIC:
        return "compile", f"{name}()", "name what is meant: types and names are settled before the first bar"
    if name in BUILT:
        return "memory" if name in ("list", "sorted") else "compile", f"{name}()", f"write the loop out; {STATE}"
    if name in ("sum", "pow"):
        return "bits", f"{name}()", BITS[name]
    return None


def judge_global(name, names):
    """(kind, what, hint) of a name of the module that compiled code cannot use, or None."""
    if name in names.values:
        what = names.values[name]
        return "compile", f"{name}, which is {what}", "globals are numbers and tuples of numbers, fixed when compiled"
    module, attribute = names.imported.get(name, ("", ""))
    if module in ("math", "numpy"):
        return judge_member(module, attribute)
    if names.foreign(module):
        return "compile", f"{module}.{attribute}", "only math and numpy can be compiled"
    return None


def judge_attribute(node, names, own):
    """(kind, what, hint) of `x.name`, or None."""
    owner = node.value.id if isinstance(node.value, ast.Name) and node.value.id not in own else ""
    module = names.modules.get(owner)
    if module in ("math", "numpy"):
        return judge_member(module, node.attr)
    if module is not None:
        hint = "only math and numpy can be compiled"
        if not names.foreign(module):
            hint = f"import the function itself: from {module} import {node.attr}"
        return "compile", f"{owner}.{node.attr}", hint
    return None


def judge_method(node, names, own):
    """(kind, what, hint) of a call `x.name()` where x is no module, or None."""
    if isinstance(node.value, ast.Name) and node.value.id not in own and node.value.id in names.modules:
        return None
    if node.attr in METHODS:
        return "bits", f".{node.attr}()", BITS[node.attr]
    if node.attr in GROWS:
        return "memory", f".{node.attr}()", STATE
    return None


def judge_member(module, name):
    """(kind, what, hint) of a function of math or numpy, or None."""
    if name in (OF_MATH if module == "math" else BITS):
        return "bits", f"{module}.{name}", BITS[name]
    if module == "numpy" and name in MAKES:
        return "memory", f"numpy.{name}", f"a new array in every bar; {STATE}"
    return None


def shorten(text: str) -> str:
    """A value as it is written, cut to a readable length."""
    return text if len(text) <= 30 else text[:27] + "…" + text[-1]


def _at(node, kind, what, hint):
    return Obstacle(node.lineno, node.col_offset + 1, what, hint, kind)

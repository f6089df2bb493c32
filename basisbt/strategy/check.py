"""A look at a strategy's source before it runs: misspelt names and wrong calls get a line and a suggestion.

Knows the names `seen`, `book`, `want` and `p` offer and what `basisbt.strategy` exports. Does not judge what a
strategy does, nor whether it can be compiled (subset.py).
"""

import ast
import builtins
import difflib
import inspect
from collections.abc import Iterator
from pathlib import Path

from basisbt import strategy
from basisbt.core.decision import Want
from basisbt.errors import ConfigError
from basisbt.strategy.sight import Seen, Standing

OFFERED = {"seen": set(Seen._fields), "book": set(Standing._fields), "want": set(Want._fields)}
NOWHERE = {
    "p": "the file has no Params: write a frozen dataclass of that name",
    "book.memory": "the file has no Memory: write a dataclass of that name, every field with a default",
}
USUAL = {"np": "import numpy as np", "numpy": "import numpy", "math": "import math"}
PLAIN = {"abs", "bool", "enumerate", "float", "int", "len", "max", "min", "range", "round"}


def check_source(path: Path) -> None:
    """Raise ConfigError listing every name that is not there, wrong call and write to the market or the books.

    One line each: `file:line:column: error: what was found; what to write`.
    """
    tree = read_tree(path)
    found = {}
    for finder in (misimported, misspelt, overwritten, undefined, miscalled):
        for node, text in finder(tree):
            found.setdefault((node.lineno, node.col_offset), text)
    if found:
        raise ConfigError(
            "\n".join(f"{path}:{line}:{column + 1}: error: {found[line, column]}" for line, column in sorted(found))
        )


def read_tree(path: Path) -> ast.Module:
    """The syntax tree of a strategy file. Raises ConfigError with its place when it cannot be read."""
    try:
        return ast.parse(path.read_text(encoding="utf-8"), str(path))
    except SyntaxError as error:
        raise ConfigError(f"{path}:{error.lineno or 1}:{error.offset or 1}: error: {error.msg}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error})") from error


def reachable(tree: ast.Module) -> list[ast.FunctionDef]:
    """`decide` and the functions of the same file that it names, directly or through others, in order of the file."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    reached, ahead = set(), ["decide"]
    while ahead:
        name = ahead.pop()
        if name in functions and name not in reached:
            reached.add(name)
            ahead += [node.id for node in within(functions[name]) if isinstance(node, ast.Name)]
    return [functions[name] for name in functions if name in reached]


def within(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Every node of a function's body except its annotations, which are never evaluated."""
    ahead: list[ast.AST] = list(function.body)
    while ahead:
        node = ahead.pop()
        yield node
        hidden = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        ahead += [child for child in ast.iter_child_nodes(node) if child not in hidden]


def names_bound(nodes) -> set[str]:
    """Names that the given nodes define: assigned, imported, arguments, functions, classes."""
    bound = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            bound |= set(node.names)
        else:  # a function, a class, `except … as name`, a name in a `case`
            bound.add(getattr(node, "name", None) or getattr(node, "rest", None) or "")
    return bound


def local_names(function: ast.FunctionDef) -> set[str]:
    """A function's arguments and every name its body gives a value."""
    return names_bound(ast.walk(function.args)) | names_bound(within(function))


def misimported(tree):
    """Names that `basisbt.strategy` does not have."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "basisbt.strategy" and not node.level:
            for alias in node.names:
                if alias.name != "*" and not hasattr(strategy, alias.name):
                    hint = suggestion(alias.name, strategy.__all__, "")
                    yield alias, f"basisbt.strategy has no {alias.name!r}{hint}"


def misspelt(tree):
    """Every unknown `seen.x`, `book.x`, `want.x`, `p.x` and `book.memory.x`."""
    offered = {**OFFERED, "p": field_names(tree, "Params"), "book.memory": field_names(tree, "Memory")}
    for function in reachable(tree):
        arguments = {argument.arg for argument in function.args.args}
        for node in within(function):
            if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Name, ast.Attribute)):
                owner = ast.unparse(node.value)
                known = offered.get(owner) if owner.partition(".")[0] in arguments else None
                if known is not None and node.attr not in known:
                    nothing = NOWHERE.get(owner, "") if not known else ""
                    yield node, f"no '{owner}.{node.attr}'" + suggestion(node.attr, known, f"{owner}.", nothing)


def overwritten(tree):
    """Writes to the market or the books, which a strategy may only read."""
    for function in reachable(tree):
        arguments = {argument.arg for argument in function.args.args}
        for node in within(function):
            if not isinstance(node, (ast.Attribute, ast.Subscript)) or isinstance(node.ctx, ast.Load):
                continue
            root = node
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                inner, root = root, root.value
            name = f"{root.id}.{inner.attr}" if isinstance(root, ast.Name) and isinstance(inner, ast.Attribute) else ""
            owned = name.startswith(("seen.", "book.")) and root.id in arguments
            if owned and (name != "book.memory" or inner is node):
                yield node, f"'{name}' cannot be written; ask with hold, leg or move, and keep state in book.memory.x"


def undefined(tree):
    """Names that nothing defines, in `decide` and the functions it calls."""
    if imports_all(tree):
        return
    outer = names_at_top(tree)
    for function in reachable(tree):
        known = outer | local_names(function)
        for node in within(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if node.id not in known and not hasattr(builtins, node.id):
                    yield node, f"name {node.id!r} is not defined{remedy(node.id, known | PLAIN)}"


def imports_all(tree) -> bool:
    """Whether a file says `from x import *`, so that reading it does not tell its names."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return any(alias.name == "*" for node in found for alias in node.names)


def names_at_top(tree) -> set[str]:
    """Names of the module itself: nothing that only a function or a class knows, but what a function makes global."""
    ahead, nodes, declared = list(tree.body), [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            declared |= set(node.names)
    while ahead:
        node = ahead.pop()
        nodes.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            ahead += ast.iter_child_nodes(node)
    return names_bound(nodes) | declared | {"__name__", "__file__", "__doc__"}


def remedy(name: str, known) -> str:
    """What to write for a name that nothing defines."""
    if name in USUAL:
        return f"; write `{USUAL[name]}` at the top of the file"
    if name in strategy.__all__:
        return f"; write `from basisbt.strategy import {name}` at the top of the file"
    return suggestion(name, known | set(strategy.__all__), "", "it must be given a value, imported or a function here")


def miscalled(tree):
    """Calls of `basisbt.strategy`'s and the file's own functions with arguments they do not take."""
    calls = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            calls[node.name] = signature_of(node)
        elif isinstance(node, ast.ImportFrom) and node.module == "basisbt.strategy":
            for alias in node.names:
                function = getattr(strategy, alias.name, None)
                if inspect.isfunction(function):
                    calls[alias.asname or alias.name] = inspect.signature(function)
    for function in reachable(tree):
        own = local_names(function)
        for node in within(function):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in own):
                continue
            name, keywords = node.func.id, [keyword.arg for keyword in node.keywords]
            if name not in calls or None in keywords or any(isinstance(a, ast.Starred) for a in node.args):
                continue
            try:
                calls[name].bind(*node.args, **dict.fromkeys(keywords))
            except TypeError as error:
                yield node, f"{name}: {error}; write {name}{calls[name]}"


def signature_of(function: ast.FunctionDef) -> inspect.Signature:
    """The signature of a function that has only been read."""
    of, kinds = function.args, inspect.Parameter
    plain, empty = [*of.posonlyargs, *of.args], kinds.empty
    defaults = [empty] * (len(plain) - len(of.defaults)) + [Written(node) for node in of.defaults]
    found = [kinds(a.arg, kinds.POSITIONAL_OR_KEYWORD, default=d) for a, d in zip(plain, defaults)]
    found += [kinds(of.vararg.arg, kinds.VAR_POSITIONAL)] if of.vararg else []
    for argument, node in zip(of.kwonlyargs, of.kw_defaults):
        found.append(kinds(argument.arg, kinds.KEYWORD_ONLY, default=empty if node is None else Written(node)))
    found += [kinds(of.kwarg.arg, kinds.VAR_KEYWORD)] if of.kwarg else []
    return inspect.Signature(found)


class Written:
    """A default value, shown as it is written."""

    def __init__(self, node):
        self.node = node

    def __repr__(self):
        return ast.unparse(self.node)


def field_names(tree, cls):
    """Fields of a class of the file, none when there is no such class; None when the file alone does not tell."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == cls:
            own = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
            return None if node.bases else own
    return None if imports_all(tree) or cls in names_at_top(tree) else set()


def suggestion(name: str, known, prefix: str, nothing: str = "") -> str:
    """`, did you mean …?` for the nearest known name; else what there is, or `nothing`."""
    near = difflib.get_close_matches(name, sorted(known), 1)
    if near:
        return f", did you mean '{prefix}{near[0]}'?"
    return f"; {nothing}" if nothing else f"; there are {', '.join(sorted(known)) or 'none'}"


def reason_codes(path: Path) -> dict[int, str]:
    """A strategy's own reason codes: whole-number constants assigned at the top of its file, code -> name."""
    codes = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            for name, constant in zip(target.elts, value.elts) if several else [(target, value)]:
                if isinstance(name, ast.Name) and name.id.isupper() and isinstance(constant, ast.Constant):
                    if isinstance(constant.value, int) and not isinstance(constant.value, bool):
                        codes[constant.value] = name.id.lower()
    return codes

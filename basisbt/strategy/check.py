"""A look at a strategy's source before it runs: misspelt names get a line and a suggestion.

Knows the names `seen`, `book`, `want` and `p` offer. Does not judge what a strategy does.
"""

import ast
import difflib
from pathlib import Path

from basisbt.core.decision import Want
from basisbt.errors import ConfigError
from basisbt.strategy.sight import Seen, Standing

OFFERED = {"seen": set(Seen._fields), "book": set(Standing._fields), "want": set(Want._fields)}


def check_source(path: Path) -> None:
    """Raise ConfigError listing every unknown `seen.x`, `book.x`, `want.x` and `p.x` as file:line:column."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    except SyntaxError as error:
        raise ConfigError(f"{path}:{error.lineno or 1}:{error.offset or 1}: error: {error.msg}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error})") from error
    offered = {**OFFERED, "p": field_names(tree, "Params"), "book.memory": field_names(tree, "Memory") or set()}
    found = []
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        arguments = {argument.arg for argument in function.args.args}
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Name, ast.Attribute)):
                owner = ast.unparse(node.value)
                known = offered.get(owner) if owner.partition(".")[0] in arguments else None
                if known is not None and node.attr not in known:
                    found.append((node, owner, node.attr, known))
    if found:
        found = {(node.lineno, node.col_offset): (node, *rest) for node, *rest in found}
        raise ConfigError("\n".join(complaint(path, *found[place]) for place in sorted(found)))


def field_names(tree, cls):
    """Fields of a class at the top of the file; None when it has none of that name (then `p` is not checked)."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == cls:
            return {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
    return None


def complaint(path, node, owner, name, known):
    """One line: where, what was found, what was meant."""
    near = difflib.get_close_matches(name, sorted(known), 1)
    hint = f", did you mean '{owner}.{near[0]}'?" if near else f"; there are {', '.join(sorted(known)) or 'none'}"
    return f"{path}:{node.lineno}:{node.col_offset + 1}: error: no '{owner}.{name}'{hint}"


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

"""Ways through a function: where it may end without a value, read a name without one, or come back to itself.

Knows statements, read off the source. Refuses to know conditions: two `if`s on the same one count as two.
"""

import ast

from basisbt.strategy.check import local_names, names_bound, within

# What basisbt.strategy only asks with: `return hold(...)` returns nothing.
SILENT = frozenset({"hold", "close", "leg", "move", "reduce_to_margin"})
UNORDERED = (ast.NamedExpr, ast.comprehension, ast.Lambda)  # they name and read in one statement
SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Raise, ast.Assert)


def unset_names(function: ast.FunctionDef) -> list[ast.Name]:
    """Where a function reads a name of its own that not every way there has given a value.

    Python stops there; compiled code reads 0 and goes on.
    """
    given = names_bound(ast.walk(function.args))
    outer = {name for node in within(function) if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}
    own, found = local_names(function) - given - outer, []

    def reads(node, known):
        inside = names_bound(n for part in ast.walk(node) if isinstance(part, UNORDERED) for n in ast.walk(part))
        for name in ast.walk(node):
            read = isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
            if read and name.id in own - known - inside:
                found.append(name)

    def block(body, known):
        for node in body:
            if known is None:
                return None
            known = statement(node, known)
        return known

    def statement(node, known):
        if isinstance(node, ast.If):
            reads(node.test, known)
            known = known | names_bound(ast.walk(node.test))
            ways = [way for way in (block(node.body, known), block(node.orelse, known)) if way is not None]
            return set.intersection(*ways) if ways else None
        if isinstance(node, (ast.For, ast.While)):
            reads(node.iter if isinstance(node, ast.For) else node.test, known)
            block(node.body, known | (names_bound(ast.walk(node.target)) if isinstance(node, ast.For) else set()))
            block(node.orelse, known)
            endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant)
            return known | names_bound(ast.walk(node)) if endless else known
        if isinstance(node, SIMPLE):
            reads(node, known)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                reads(ast.Name(node.target.id, ast.Load(), lineno=node.lineno, col_offset=node.col_offset), known)
        ended = isinstance(node, (ast.Return, ast.Raise, ast.Continue, ast.Break))
        return None if ended else known | names_bound(ast.walk(node))

    block(function.body, set())
    return found


def calling_themselves(functions):
    """Names of functions that reach themselves."""
    names = {function.name for function in functions}
    calls = {f.name: {n.id for n in within(f) if isinstance(n, ast.Name)} & names for f in functions}
    reach = {name: set(others) for name, others in calls.items()}
    for _ in names:
        for others in reach.values():
            others |= {far for near in list(others) for far in calls[near]}
    return {name for name in names if name in reach[name]}


def returns_values(function, silent) -> bool:
    """Whether a function returns anything but nothing; `silent` are functions whose own value is none."""
    for node in within(function):
        if isinstance(node, ast.Return) and not is_nothing(node.value, silent):
            return True
    return False


def is_nothing(value, silent) -> bool:
    """Whether what follows `return` is no value: nothing, None, or a call that only asks for something."""
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return True
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in silent


def sometimes_nothing(function, silent):
    """Where a function that returns numbers returns nothing: that `return`, or the function when it just runs out."""
    if not returns_values(function, silent):
        return None
    for node in within(function):
        if isinstance(node, ast.Return) and is_nothing(node.value, silent):
            return node
    return None if ends(function.body) else function


def ends(body) -> bool:
    """Whether statements never run out at their end: they return, raise or loop for ever."""
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and ends(last.body) and ends(last.orelse)
    if isinstance(last, ast.While):
        broken = any(isinstance(node, ast.Break) for node in ast.walk(last))
        return isinstance(last.test, ast.Constant) and bool(last.test.value) and not broken
    return isinstance(last, (ast.Return, ast.Raise, ast.With, ast.Match, ast.Try))  # the last three: named themselves

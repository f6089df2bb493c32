"""The history run: one config, through Backtrader, and what its tail events cost.

Knows which engine to take and which reruns a tail cost needs. Knows no rule of the model.
"""

from basisbt.core.books import FILLS, LIQUIDATIONS, TRAPPED
from basisbt.core.rules import ATTRIBUTION
from basisbt.engines.machine import Machine, run_loop, run_steps
from basisbt.engines.world import World
from basisbt.errors import BasisError, RunError
from basisbt.events import kind_of, make_overlay
from basisbt.measures.performance import performance
from basisbt.strategy.loader import line_in


def engine_is_warm(loaded) -> bool:
    """Whether the strategy's compiled code is on disk, so that compiling costs nothing now."""
    from basisbt.engines.compile import is_compiled

    return is_compiled(loaded.file if loaded.decide is not None else None)


def loop_is_warm(loaded) -> bool:
    """Whether the strategy's compiled loop over paths is on disk."""
    from basisbt.engines.compile import is_compiled

    return is_compiled(loaded.file, "loop")


def seconds_to_compile() -> int:
    """About how long compiling takes when it has to be done, once."""
    from basisbt.engines import compile

    return compile.seconds_to_compile()


def run_history(world: World, loaded, compiled: bool, prepare=None) -> Machine:
    """Run a world bar by bar through Backtrader; a `bt.Strategy` gets its parameters as keywords.

    Raises RunError, naming file and line when the strategy itself failed.
    """
    machine = blaming(lambda kind: drive(world, loaded, kind, prepare), loaded, compiled)
    if compiled:
        from basisbt.engines.compile import note_compiled

        note_compiled(loaded.file if loaded.decide is not None else None)
    return machine


def drive(world: World, loaded, compiled: bool, prepare) -> Machine:
    """One run through Backtrader."""
    from basisbt.engines.backtrader import run_backtrader

    if loaded.cls is not None:
        return run_backtrader(world.without(params=loaded.record), loaded.cls, compiled, prepare, **loaded.params)
    world = world.without(params=loaded.record if compiled else loaded.params)
    return run_backtrader(world, None, compiled, prepare)


def blaming(work, loaded, compiled: bool) -> Machine:
    """work(compiled), with an error of the strategy's own told as one: file, line and what it was.

    Compiled code has no lines, so a compiled failure is run once more interpreted.
    """
    try:
        return work(compiled)
    except BasisError:
        raise
    except (Exception, SystemExit) as error:
        if compiled:
            blaming(work, loaded, False)
            what = str(error).strip().splitlines() or [type(error).__name__]
            told = f"{loaded.file}: error: runs interpreted but not compiled: {what[0]}; write `--engine backtrader`"
            raise RunError(told) from error
        line = None if loaded.file is None else line_in(loaded.file, error)
        if line is None:
            raise
        source = loaded.file.read_text(encoding="utf-8").splitlines()[line - 1].strip()
        cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise RunError(f"{loaded.file}:{line}: error: {cause}\n  {source}") from error


def run_direct(world: World, loaded) -> Machine:
    """Run a world through the compiled loop, without Backtrader and without a journal: the same digits, no records."""
    def once(kind):
        plain = world.without(params=loaded.record if kind else loaded.params)
        return run_loop(plain, True, room=0) if kind else run_steps(plain, False)

    return blaming(once, loaded, True)


def pnl_without(world: World, loaded, compiled: bool, left_out, direct: bool = False) -> float:
    """P&L in USD of the same world without the events of some kinds."""
    events = tuple(e for e in world.events if kind_of(e) not in left_out)
    world = world.without(events=events, overlay=make_overlay(events, world.time, world.rules.seconds, *world.market))
    if direct:
        machine = run_direct(world, loaded)
    elif loaded.cls is not None:
        machine = run_history(world, loaded, compiled)
    else:
        machine = blaming(
            lambda kind: run_steps(world.without(params=loaded.record if kind else loaded.params), kind),
            loaded, compiled,
        )  # fmt: skip
    return float(machine.book.equity[-1, 0]) - world.capital


def tail_costs(world: World, loaded, compiled: bool, pnl: float, direct: bool = False) -> dict[str, float]:
    """Cost of each kind of event, `interaction` and `total`, USD; positive costs money (MODEL.md section 3.7)."""
    def without(left_out):
        return pnl_without(world, loaded, compiled, left_out, direct)

    kinds = list(dict.fromkeys(kind_of(event) for event in world.events))
    if not kinds:
        return {}
    total = without(kinds) - pnl
    if len(kinds) == 1:
        return {kinds[0]: total, "interaction": 0.0, "total": total}
    costs = {kind: without([kind]) - pnl for kind in kinds}
    costs["interaction"] = total - sum(costs.values())
    costs["total"] = total
    return costs


def metrics_of(machine: Machine, risk_free: float) -> dict:
    """The figures of metrics.json that follow from one path; USD, fractions, days."""
    world, book = machine.world, machine.book
    capital = world.capital
    equity = book.equity[:, 0]
    block = machine.attribution(world.bars - 1)
    lines = {kind: float(block[line].sum()) for kind, line in ATTRIBUTION.items()}
    return {
        "bars": world.bars,
        "currency": "USD",
        "capital": capital,
        "final_equity": float(equity[-1]),
        "accessible_equity": float(book.equity[-1, 1]),
        "recovered_equity": float(book.equity[-1, 2]),
        "open_claims": float(book.face.sum()),
        "pnl": float(equity[-1]) - capital,
        **performance(world.time, world.rules.seconds, equity, capital, risk_free),
        "trapped_days": float(book.record[TRAPPED]) * world.rules.seconds / 86400.0,
        "liquidations": int(book.count[LIQUIDATIONS]),
        "fills": int(book.count[FILLS]),
        "attribution": lines,
        "journal_digest": f"{int(book.digest[0]):016x}",
    }

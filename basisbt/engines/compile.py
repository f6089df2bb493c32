"""Plain functions to compiled graph: the only place that imports Numba.

Core carries no decorator. `compile_graph` compiles a function and, recursively, every plain function it names; so
interpreted and compiled live in one process. Options are set on every function, since a Numba callee otherwise
inherits most of them from whichever caller compiles it first. Never fastmath: bits must agree.

Numba's cache does not notice a change in another file, so its folder is named by a digest of all sources involved.
"""

import dataclasses
import dis
import functools
import hashlib
import os
import platform
import sys
import types
from pathlib import Path

from basisbt.core.instant import step
from basisbt.engines.compile_twins import TWINS
from basisbt.engines.compiled import run_whole, think
from basisbt.engines.pointers import address_of
from basisbt.strategy.loader import module_name

READY = "ready"
ALLOCATES = "allocates"
PACKAGE = Path(__file__).resolve().parent.parent
COMPILED = ("core/*.py", "strategy/*.py", "engines/compile*.py", "engines/handle.py", "engines/pointers.py")
OURS = tuple(PACKAGE / part for part in ("core", "strategy", "engines"))
COLD = {
    "post", "file_ticket", "fill_order", "liquidate", "inside_account", "send_withdrawals", "settle_transfers",
    "apply_events", "change_world", "default_venue", "close_at_index", "claim_wallet", "pay_claim", "recall_transfers",
    "order_pair", "fill_at_open", "void_pending", "settle_loans", "way_to_liquidation", "threat", "surplus",
    "in_danger", "fill_rest", "walk_to_liquidation", "next_on_way", "adverse", "revalue", "cover_deficit",
    "cancel_beyond", "lines_to_date", "touch_coin", "exchange", "convert", "settle_loan",
    "roll_contracts", "roll_position", "roll_costs", "rate_of",
    "settle_expired", "lend", "repay", "charge", "charge_interest", "make_good", "shift", "spare_units", "fund_order",
    "gather", "return_margin", "trade", "settle_deal", "prepare_accounts", "refusal", "spot_refusal", "leverage_after",
    "obstacle", "size_of", "trading_costs", "impact_share", "growth", "affordable", "leg_need", "leg_has",
    "size_together", "order_leg", "close_out", "reduce_tier", "reduce_position", "buy_back", "forfeit", "scale_pairs",
    "cancel_rests", "move_inside", "custody_allows", "keep_rests", "withdrawal_refusal", "note_refusal", "available",
    "borrowed", "split", "queue_order", "under_way", "empty_pairs", "attribute_to_pair", "pay", "receive",
    "deleverage", "drain", "standing", "rank", "claw_back", "count_from", "cut_balances", "redeem", "profit", "result",
    "give_coin", "dollars", "uncovered", "change_claim", "take", "end_claim", "mark_bid", "sell_claim", "settle_now",
    "settle_at", "wait_in_queue", "locally_lost", "halt_trading", "set_factor",
}  # fmt: skip


@functools.lru_cache(maxsize=1)
def ground() -> bytes:
    """What compiled code stands on, as it was when first asked for: the package's sources, versions, the machine."""
    from importlib.metadata import version

    versions = [version(name) for name in ("numba", "llvmlite", "numpy")]
    found = repr((versions, sys.version_info[:3], platform.machine(), platform.processor())).encode()
    return found + b"".join(path.read_bytes() for pattern in COMPILED for path in sorted(PACKAGE.glob(pattern)))


def source_digest(*files: Path, module: str = "") -> str:
    """Digest of the package's sources that are compiled, the given files and the versions that matter.

    module: the name a strategy file was imported under; what Numba keeps can only be loaded under the same one.
    """
    digest = hashlib.blake2b(ground(), digest_size=8)
    for path in files:  # the place counts too: what Numba keeps refers to the module, which is named by its path
        digest.update(str(Path(path).resolve()).encode())
        digest.update(Path(path).read_bytes())
    digest.update(module.encode())
    return digest.hexdigest()


def cache_root() -> Path:
    """Where compiled code is kept: $BASISBT_CACHE, else the user's cache folder."""
    root = os.environ.get("BASISBT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "basisbt"
    )
    return Path(root)


def options(function, kind: str) -> dict:
    """Numba options of one function: all explicit, see the module's docstring.

    kind: `driver` is what both engines call and keeps a strategy's reference counting; `loop` is the loop over bars
    for a strategy that allocates nothing: nothing counts references there, and what runs every bar is inlined.
    A strategy's code, and what it imports from `basisbt.strategy`, is bounds-checked either way.
    """
    home = _home(function)
    user = home not in OURS
    counted = user and kind == "driver"
    by_handle = function.__name__.endswith("_by_handle")
    return dict(
        _nrt=counted or by_handle,
        boundscheck=user or home.name == "strategy",
        error_model="python",
        fastmath=False,
        forceinline=not (counted or by_handle or function.__name__ in COLD),
    )


def _home(function) -> Path:
    """The folder of the file a function is written in."""
    return Path(function.__code__.co_filename).resolve().parent


def compile_graph(function, replaced=None, memo=None, kind="driver", top=True, keep=None):
    """Compile `function` and every plain function its globals name, recursively.

    replaced: functions to use instead of globals, by name. kind: see `options`. top: callable from Python.
    keep: whether to keep it on disk, by default where it is on top. Returns a Numba dispatcher. Raises Numba's errors
    at the first call.
    """
    import numba

    memo = {} if memo is None else memo
    replaced = replaced or {}
    twins = replaced if _home(function) in OURS else {}  # a strategy's own `mix` is not core's
    if function in memo:
        return memo[function]
    names = dict(function.__globals__)
    for name in _names(function.__code__):
        value = twins.get(name, names.get(name))
        if isinstance(value, types.FunctionType):
            value = compile_graph(value, replaced, memo, kind, False)
        if value is not None:
            names[name] = value
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, None)
    copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
    chosen = options(function, kind)
    keep = top if keep is None else keep
    memo[function] = numba.njit(cache=keep, no_cpython_wrapper=not top, no_cfunc_wrapper=True, **chosen)(copy)
    return memo[function]


def _names(code):
    """Names a code object and those inside it load as globals; attributes of the same name do not count."""
    found = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


def use_cache(folder: Path) -> Path:
    """Point Numba's cache at a folder; returns it."""
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    import numba

    numba.config.CACHE_DIR = str(folder)
    return folder


@dataclasses.dataclass(frozen=True)
class Engine:
    """Compiled twins for one strategy: they take a handle (`handle_of`) and a bar."""

    step: object
    think: object


_engines: dict = {}
_loops: dict = {}
_shared: dict = {}


def step_by_handle(h, t):
    """`core.instant.step` on the parts of a handle."""
    step(t, address_of(h.panel), address_of(h.overlay), address_of(h.tape), address_of(h.rules), address_of(h.book))


def think_by_handle(h, t):
    """`engines.compiled.think` on the parts of a handle."""
    tape, rules, book = address_of(h.tape), address_of(h.rules), address_of(h.book)
    think(t, h.window, tape, rules, book, h.desk, h.want, h.memory, h.p)


def run_by_handle(h, first, bars, lines):
    """`engines.compiled.run_whole` on the parts of a handle."""
    return run_whole(
        first, bars, address_of(h.panel), address_of(h.overlay), h.window, address_of(h.tape), address_of(h.rules),
        address_of(h.book), h.desk, h.want, h.memory, h.p, lines,
    )  # fmt: skip


def strategy_folder(decide) -> Path:
    """Where compiled code for a strategy's `decide` is kept."""
    file, module = Path(decide.__code__.co_filename), decide.__module__
    return cache_root() / source_digest(file, module=module)


def shared_memo() -> dict:
    """{function: dispatcher} of core's step and all it needs, to begin a graph with.

    The step does not depend on the strategy: it is kept apart, and whatever is compiled for a strategy takes it from
    there. That is most of the work: a strategy that was edited compiles in a quarter of the time.
    """
    if "step" not in _shared:
        from numba import njit

        from basisbt.engines.handle import MAKERS, make_handle

        use_cache(cache_root() / source_digest())
        _shared["handle"] = njit(cache=True)(make_handle)
        _shared.update({kind: njit(cache=True)(make) for kind, make in MAKERS.items()})
        memo: dict = {}
        compile_graph(step, TWINS, memo, top=False, keep=True)
        _shared["memo"] = dict(memo)
        _shared["step"] = compile_graph(step_by_handle, TWINS, memo)
    return dict(_shared["memo"])


def pointed(part):
    """A panel, overlay, tape, rules or books as compiled code takes them: behind a pointer, sharing their arrays."""
    shared_memo()
    return _shared[type(part)](part)


def handle_of(panel, overlay, window, tape, rules, book, desk, want, memory, p):
    """All parts of a path behind one pointer; parts that are behind one already are taken as they are."""
    parts = [pointed(part) if type(part) in _shared else part for part in (panel, overlay, tape, rules, book)]
    panel, overlay, tape, rules, book = parts
    return _shared["handle"](panel, overlay, window, tape, rules, book, desk, want, memory, p)


def engine_for(decide) -> Engine:
    """Compiled functions for a strategy's `decide`; built once per process and strategy source."""
    folder = strategy_folder(decide)
    key = (decide, str(folder))
    if key not in _engines:
        memo = shared_memo()
        use_cache(folder)
        replaced = {"decide": decide, **TWINS}
        _engines[key] = Engine(_shared["step"], compile_graph(think_by_handle, replaced, memo))
    return _engines[key]


def loop_for(decide, arguments):
    """The compiled `run_by_handle` for a strategy; built once per process and strategy source.

    arguments: (seen, book, want, p) of some bar. They give `decide` its types: it is compiled alone first, and only
    if it allocates nothing does the loop go without reference counting (3 to 5 times as fast); what was found is kept
    beside the compiled code.
    """
    folder = strategy_folder(decide)
    key = (decide, str(folder))
    if key not in _loops:
        use_cache(folder)
        kind = "driver" if allocates(decide, folder, arguments) else "loop"
        memo = shared_memo()
        use_cache(folder / kind)
        _loops[key] = compile_graph(run_by_handle, {"decide": decide, **TWINS}, memo, kind)
    return _loops[key]


def allocates(decide, folder: Path, arguments) -> bool:
    """Whether a strategy's code asks for memory, so that it needs reference counting; found once, then remembered."""
    mark = folder / ALLOCATES
    if mark.is_file():
        return mark.read_text(encoding="utf-8") == "yes"
    import numba

    memo: dict = {}
    compile_graph(decide, TWINS, memo, top=False).compile(tuple(numba.typeof(each) for each in arguments))
    found = any(
        "NRT_MemInfo_alloc" in text or "NRT_Allocate" in text
        for each in memo.values() for text in each.inspect_llvm().values()
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{ALLOCATES}.{os.getpid()}"
    temporary.write_text("yes" if found else "no", encoding="utf-8")
    os.replace(temporary, mark)
    return found


def is_compiled(file: Path | None, what: str = "driver") -> bool:
    """Whether compiled code of the strategy in `file` is on disk for the present sources.

    what: `driver` for runs through Backtrader, `loop` for the loop over paths.
    """
    return (_folder(file) / f"{READY}.{what}").is_file()


def note_compiled(file: Path | None, what: str = "driver") -> None:
    """A run has used compiled code from beginning to end: the next one finds all of it on disk."""
    for folder, mark in ((_folder(file), what), (_folder(None), "step")):
        if folder.is_dir():
            (folder / f"{READY}.{mark}").touch()


def seconds_to_compile() -> int:
    """About how long a strategy takes to compile now: core's step, once for all, is three quarters of the work."""
    return 15 if is_compiled(None, "step") else 90


def _folder(file) -> Path:
    if file is None:
        return cache_root() / source_digest()
    return cache_root() / source_digest(Path(file), module=module_name(Path(file)))

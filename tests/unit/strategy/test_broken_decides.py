"""Broken `decide`s, each a mistake a person makes: the answer names file and line, shows it and gives one hint.

`checked` asks in the order a run does: the source, a few bars interpreted, the compiler. What stops a run raises;
what only keeps it from being compiled is returned.
"""

import threading

import pytest

from basisbt.engines.refusals import compiles, why_interpreted
from basisbt.engines.trial import guard, try_strategy
from basisbt.errors import BasisError, ConfigError, RunError
from basisbt.strategy.loader import load_strategy
from basisbt.strategy.subset import obstacles
from tests.support.worlds import world

HEAD = """import math
import numpy as np
from dataclasses import dataclass
from basisbt.strategy import Days, funding_mean, hold, leg, move
VENUES = {"okx": 0}
@dataclass(frozen=True)
class Params:
    lookback: Days = 7.0
@dataclass
class Memory:
    entries: int = 0
"""
DECIDE = "def decide(seen, book, want, p):\n"
FIRST = (HEAD + DECIDE).count("\n") + 1  # the line below `def decide`


@pytest.fixture
def loaded(tmp_path):
    """Loads a strategy whose file is the head above and the given text."""

    def load(text):
        (tmp_path / "mine.py").write_text(HEAD + text)
        return load_strategy("mine", {}, [tmp_path])

    return load


def small(strategy, params):
    """240 flat bars at 100."""
    return world(bars=240, decide=strategy.decide, params=params).without(memory=strategy.memory)


def checked(strategy, seconds=10.0):
    """What a run does before it starts: raises, or returns what is refused by the compiler."""
    try_strategy(small(strategy, strategy.params), seconds)
    return why_interpreted(strategy.decide, small(strategy, strategy.record))


def said(load, text):
    """(stage, message) of the first complaint about a strategy."""
    try:
        refusal = checked(load(text), 0.3)
    except ConfigError as error:
        return "source", str(error)
    except RunError as error:
        return "trial", str(error)
    return "compiler", str(refusal)


def body(*lines):
    return DECIDE + "".join(f"    {line}\n" for line in lines)


BROKEN = {
    # id: (text below the head, line counted from the first of decide's body, stage, part of the answer)
    "a misspelt reading": (body("x = seen.pears"), 0, "source", "did you mean 'seen.pairs'?"),
    "a misspelt standing": (body("y = 1", "x = book.equty"), 1, "source", "did you mean 'book.equity'?"),
    "a misspelt wish": (body("want.notionl[0] = 1.0"), 0, "source", "did you mean 'want.notional'?"),
    "a misspelt parameter": (body("x = p.lookbak"), 0, "source", "did you mean 'p.lookback'?"),
    "a misspelt memory": (body("book.memory.entrys += 1"), 0, "source", "did you mean 'book.memory.entries'?"),
    "a misspelt function": (body("x = fundng_mean(seen, 0, 7.0)"), 0, "source", "did you mean 'funding_mean'?"),
    "a function not imported": (body("x = basis(seen, 0)"), 0, "source", "write `from basisbt.strategy import basis`"),
    "too few arguments": (body("hold(want, 0)"), 0, "source", "write hold(want, i, notional, reason=0)"),
    "a keyword that is not there": (body("move(want, 0, 1, sum=2.0)"), 0, "source", "write move(want, source, target, amount)"),
    "a write to the market": (body("seen.close[seen.now, 0] = 1.0"), 0, "source", "'seen.close' cannot be written; ask with hold"),
    "a write through another name": (body("x = book.free", "x[0] = 1e9"), 1, "trial", "seen and book cannot be written"),
    "a pair that is not there": (body("hold(want, 1, 0.0)"), 0, "trial", "valid here: 0 to 0; loops end at seen.pairs"),
    "a look at tomorrow": (
        body("x = seen.close[seen.now + 1, 0]", "hold(want, 0, x)"), 1, "trial", "rows after seen.now are NaN"),
    "a mean before its time": (body("leg(want, 0, 1.0, -funding_mean(seen, 0, p.lookback))"), 0, "trial", "until its whole lookback"),
    "a venue that is not there": (body("move(want, 0, 2, 1.0)"), 0, "trial", "venues are numbered 0 to 1"),
    "a division by zero": (body("x = 1 / book.memory.entries"), 0, "trial", "test the denominator before"),
    "a division numpy lets pass": (body("x = book.equity / (seen.close[seen.now, 0] - 100.0)"), 0, "trial", "test the denominator"),
    "a loop that does not end": (body("n = 0", "while n >= 0:", "    n += 1"), (1, 2), "trial", "count its rounds with range()"),
    "one that catches everything": (
        body("while True:", "    try:", "        x = 1", "    except:", "        pass"), (0, 1, 2, 3, 4), "trial", "does not end?"),
    "None in arithmetic": (body("x = None", "y = x * 2.0"), 1, "trial", "give it a number on every path"),
    "an array where a number is meant": (body("if seen.close > 3.0:", "    pass"), 0, "trial", "take one element"),
    "a name that may have no value": (body("if seen.now > 300:", "    x = 1", "y = x"), 2, "trial", "give the name a value before"),
    "a helper without an end": ("def f(n):\n    return f(n + 1)\n" + body("x = f(0)"), -2, "trial", "write a loop"),
    "a helper that sometimes returns nothing": (
        "def f(x):\n    if x >= 0:\n        return 1.0\n" + body("x = f(seen.now)"), -4, "compiler", "return a number on every path"),
    "text": (body("x = 1", "v = 'okx'"), 1, "compiler", "a choice is a whole-number constant"),
    "a dict": (body("d = {1: 2.0}"), 0, "compiler", "use if / elif over whole numbers"),
    "a dict at the top": (body("v = VENUES", "w = 1"), 0, "compiler", "globals are numbers"),
    "a set": (body("s = {1, 2}"), 0, "compiler", "x == 1 or x == 2"),
    "an import inside": (body("import json"), 0, "compiler", "import at the top of the file"),
    "an f-string": (body("x = f'{seen.now}'"), 0, "compiler", "whole-number constant"),
    "print": (body("print(seen.now)"), 0, "compiler", "reason codes"),
    "a power": (body("x = book.equity ** 2"), 0, "compiler", "multiply: x * x"),
    "a mean of numpy": (body("x = seen.close[: seen.now + 1, 0].mean()"), 0, "compiler", "write the loop out: total += x"),
    "a name only an if gives a value": (
        body("if seen.now >= 0:", "    x = 1", "y = x"), 2, "compiler", "give it one before the if or the loop"),
    "a recursion that ends": (
        "def f(n):\n    return f(n - 1) if n > 0 else 0\n" + body("x = f(3)"), -3, "compiler", "write a loop"),
    # What only the compiler sees:
    "a number, then an array": (
        body("x = 1.0", "if seen.now > 3:", "    x = seen.close", "y = x"), (2, 3), "compiler", "a name keeps one type"),
    "a list of two kinds": (body("x = [1.0]", "x.append((1, 2))"), (0, 1), "compiler", "a name keeps one type"),
    "a function numpy has and the compiler not": (body("if seen.now > 300:", "    x = np.busday_count(1, 2)"), 1, "compiler", "write it out with loops"),
    "another name's attribute": (
        body("s = seen", "if seen.now > 300:", "    x = s.closed"), 2, "compiler", "check the spelling"),
    "a call that never came up": (
        body("h = hold", "if seen.now > 300:", "    h(want, 0)"), 2, "compiler", "count the arguments"),
    "too many indexes": (body("if seen.now > 300:", "    x = seen.share[0, 0]"), 1, "compiler", "per pair or venue x[i]"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_decide_gets_its_line_and_one_hint(loaded, case):
    text, lines, stage, hint = BROKEN[case]
    got, message = said(loaded, text)
    assert got == stage, message
    first = FIRST + text[: text.index(DECIDE)].count("\n")
    places = [f"mine.py:{first + line}:" for line in (lines if isinstance(lines, tuple) else (lines,))]
    assert any(place in message.splitlines()[0] for place in places), message
    assert hint in message
    assert len(message.splitlines()) <= 3 and max(map(len, message.splitlines())) < 260, message


GOOD = body(
    "for i in range(seen.pairs):",
    "    carry = funding_mean(seen, i, p.lookback)",
    "    if carry > 0.0 and book.notional[i] == 0.0 and seen.pair_open[i]:",
    "        book.memory.entries += 1",
    "        return hold(want, i, 0.4 * book.equity)",
    "if book.memory.entries > 3:",
    "    return",
)


def test_a_good_one_passes_all_stages(loaded):
    assert checked(loaded(GOOD)) is None


def test_the_strategies_that_come_with_it_pass(tmp_path):
    from tests.support.places import ROOT

    for name in ("static_carry", "cash_and_carry"):
        assert not obstacles(ROOT / "strategies" / f"{name}.py")
        strategy = load_strategy(name, {}, [ROOT / "strategies"])
        assert try_strategy(small(strategy, strategy.params)).bars == 200


def test_memory_is_no_obstacle_but_named(loaded):
    strategy = loaded(body("x = np.zeros(3)", "y = [1.0, 2.0]", "x[0] = y[1]"))
    assert [(each.kind, each.line - FIRST) for each in obstacles(strategy.file)] == [("memory", 0), ("memory", 1)]
    assert checked(strategy) is None


def test_only_what_decide_reaches_counts(loaded):
    strategy = loaded("def chart(x):\n    print(x ** 2, {1: 'a'})\n" + GOOD)
    assert obstacles(strategy.file) == []


def test_the_compilers_own_words_become_one_line(loaded):
    """Past the look at the source: what the compiler alone says of text, powers aside, is as short."""
    for text, what in (
        (
            "x = 1\n    if seen.now > 3:\n        x = 'buy'\n    y = x",
            "'x' is a number on one path and text on another",
        ),
        ("x = f'{seen.now:.2f}'", "text put together"),
        ("x = VENUES", "'VENUES', which is a dict"),
        ("import json", "an import inside a function"),
        ("x = None\n    y = x * 2.0", "`*` with None and a number"),
    ):
        strategy = loaded(DECIDE + f"    {text}\n")
        refusal = compiles(strategy.decide, small(strategy, strategy.record))
        assert refusal.what == what and refusal.hint and refusal.source and refusal.line >= FIRST


def test_a_trial_leaves_no_trace(loaded, capsys):
    strategy = loaded("SEEN = []\nCOUNT = 0\n" + body("global COUNT", "COUNT += 1", "SEEN.append(seen.now)", "print(COUNT)",
                                                      "book.memory.entries += 1"))  # fmt: skip
    trial = try_strategy(small(strategy, strategy.params))
    names = strategy.decide.__globals__
    assert trial.asked == 200 and names["SEEN"] == [] and names["COUNT"] == 0 and strategy.memory[0].entries == 0
    assert capsys.readouterr().out == ""


def endless():
    while True:
        pass


def test_the_time_limit_holds_in_any_thread_and_is_taken_back():
    import signal

    before = signal.getsignal(signal.SIGALRM)
    told = []

    def stopped():
        with pytest.raises(BasisError, match="has not come back after 0.1 s"):
            guard(endless, 0.1)
        told.append(guard(lambda: 7, 0.1))

    stopped()
    thread = threading.Thread(target=stopped)
    thread.start()
    thread.join(5.0)
    assert told == [7, 7] and signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

"""What goes wrong between a client and a venue, and by which rule: the n-th request, a path, or chance with a seed."""

import random
import re
from dataclasses import dataclass
from typing import NamedTuple

REFUSALS = ("limited", "banned", "region", "broken")
BROKEN = ("hang", "reset", "cut", "unparsable", "empty")
PAGES = ("duplicates", "overlap", "shuffled", "short_page")
KINDS = (*REFUSALS, *BROKEN, *PAGES, "slow", "grow")
PAGED = re.compile("[kK]lines?$|candles$|fundingRate$|funding/history$|funding-rate-history$")


@dataclass
class Fault:
    """One way to fail and when.

    limited: 429, Retry-After `seconds` (`status` 200: Bybit's own way, a retCode); banned: 418, Retry-After `seconds`;
    region: 451 as Binance says it (`status` 403: the web page before Bybit); broken: an HTML page of `status` 500, 502
    or 503. hang: silence for `seconds`, then closed; reset: RST; cut: fewer bytes than Content-Length says; unparsable:
    two thirds of a JSON text, of the right length; empty: 200 and no bytes.
    On pages of candles and funding that have rows: duplicates (the first and the last row twice), overlap (the last
    rows of the page before come again), shuffled, short_page (the answer's last row is missing).
    slow: answered after `seconds`; grow: `seconds` of the venue's time pass first.

    When: only paths that `path` (a regular expression) is found in; of those the `nth` ones (1-based, a number or
    several), or each with `probability`; at most `times` times."""

    kind: str
    nth: int | tuple[int, ...] = ()
    path: str = ""
    probability: float = 1.0
    times: int | None = None
    seconds: float = 0.0
    status: int | None = None

    def __post_init__(self):
        assert self.kind in KINDS, f"{self.kind} is none of {KINDS}"
        self.nth = (self.nth,) if isinstance(self.nth, int) else tuple(self.nth)


class Faulted(NamedTuple):
    """A fault that was served: the number of its request (from 0), its kind, and what was asked for."""

    number: int
    kind: str
    path: str
    query: dict


class Faults:
    """Rules, asked in order for each request; the first that is due is served. `in_a_row` is the most faults that
    follow one another (None: no bound), so that a client that tries once more than that gets through."""

    def __init__(self, *rules: Fault, seed: int = 0, in_a_row: int | None = None):
        self.rules, self.in_a_row = rules, in_a_row
        self._draw = random.Random(seed)
        self._seen, self._served, self._row = [0] * len(rules), [0] * len(rules), 0

    @classmethod
    def random(cls, seed, probability=0.2, kinds=KINDS, path="", seconds=0.01, in_a_row=2, times=None,
               growth=600.0) -> "Faults":
        """Faults over a whole download: each request (that `path` is found in) fails with `probability`, in one of
        `kinds` drawn evenly; `seconds` for those that last, `growth` for the venue's time; at most `times` of each
        kind."""
        share, rules = probability / len(kinds), []
        for place, kind in enumerate(kinds):
            chance = share / (1.0 - place * share)  # given that none of the kinds before it was drawn
            lasts = growth if kind == "grow" else seconds
            rules.append(Fault(kind, path=path, probability=chance, seconds=lasts, times=times))
        return cls(*rules, seed=seed, in_a_row=in_a_row)

    def draw(self, path: str) -> Fault | None:
        """The fault of the next request, or None. Rules that count requests count this one."""
        chosen = None
        for place, rule in enumerate(self.rules):
            if not re.search(rule.path, path) or (rule.kind in PAGES and not PAGED.search(path)):
                continue
            self._seen[place] += 1
            due = self._seen[place] in rule.nth if rule.nth else self._draw.random() < rule.probability
            spent = rule.times is not None and self._served[place] >= rule.times
            if chosen is None and due and not spent:
                chosen = place
        if chosen is None or (self.in_a_row is not None and self._row >= self.in_a_row):
            self._row = 0
            return None
        self._row += 1
        self._served[chosen] += 1
        return self.rules[chosen]

    def shuffle(self, rows: list) -> None:
        """Put rows out of order, the same way for the same seed."""
        before = list(rows)
        self._draw.shuffle(rows)
        if rows == before and len(rows) > 1:
            rows.append(rows.pop(0))

"""Events: what happens to venues at an instant, in the order in which an overlay has them.

Knows which page of the model answers which kind. What an event does to prices is tape.py's; when it happens is the
overlay's.
"""

from basisbt.core.books import REFUSAL_MARK, stamp
from basisbt.core.custody import default_venue, pay_claim, void_pending
from basisbt.core.deleveraging import deleverage, drain
from basisbt.core.losses import claw_back, count_from, cut_balances, redeem
from basisbt.core.tape import CLAW, CUT, DEFAULT, DELEVERAGE, DRAIN, FREEZE_VOIDED, RECOVERY, REDEEM, SINCE, THAW


def apply_events(t, overlay, tape, rules, book):
    """Step 1: ends first, then what venues take, then freezes, then defaults (so it is sorted)."""
    while tape.cursor[0] < overlay.event_bar.size and overlay.event_bar[tape.cursor[0]] <= t:
        k = tape.cursor[0]
        kind, who = overlay.event_kind[k], overlay.event_who[k]
        size, more = overlay.event_size[k], overlay.event_more[k]
        if kind == THAW:
            tape.frozen[who] -= 1
        elif kind == DEFAULT:
            default_venue(who, size, t, tape, rules, book)
        elif kind == RECOVERY:
            pay_claim(who, rules, book)
        elif kind == DELEVERAGE:
            deleverage(who, size, more, t, tape, rules, book)
        elif kind == DRAIN:
            drain(who, size, more, t, tape, rules, book)
        elif kind == SINCE:
            count_from(who, t, tape, rules, book)
        elif kind == CLAW:
            claw_back(who, size, t, tape, rules, book)
        elif kind == CUT:
            cut_balances(who, size, more, t, tape, rules, book)
        elif kind == REDEEM:
            redeem(who, tape, rules, book)
        else:
            tape.frozen[who] += 1
            if kind == FREEZE_VOIDED:
                void_pending(who, rules, book)
        stamp(book, (REFUSAL_MARK * 64 + kind) * 1024 + who, float(t))
        tape.cursor[0] = k + 1

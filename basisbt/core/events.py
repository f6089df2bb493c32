"""Events: what happens to venues at an instant, in the order in which an overlay has them.

Knows which page of the model answers which kind. What an event does to prices is tape.py's; when it happens is the
overlay's.
"""

from basisbt.core.books import REFUSAL_MARK, stamp
from basisbt.core.claims import default_venue, mark_bid, pay_claim, sell_claim
from basisbt.core.custody import void_pending
from basisbt.core.deleveraging import deleverage, drain
from basisbt.core.expiry import settle_now
from basisbt.core.losses import claw_back, count_from, cut_balances, redeem
from basisbt.core.tape import (
    BID, CLAW, CUT, DEFAULT, DELEVERAGE, DRAIN, FREEZE_HELD, FREEZE_VOIDED, RECOVERY, REDEEM, SELL, SETTLE, SINCE,
    SWITCH, THAW, WHICH,
)  # fmt: skip


def apply_events(t, overlay, tape, rules, book):
    """Step 1: ends first, then what venues take, then freezes and outages, then defaults (so it is sorted)."""
    while tape.cursor[0] < overlay.event_bar.size and overlay.event_bar[tape.cursor[0]] <= t:
        k = tape.cursor[0]
        kind, who = overlay.event_kind[k], overlay.event_who[k]
        size, more = overlay.event_size[k], overlay.event_more[k]
        if kind == THAW:
            tape.frozen[who] -= 1
        elif kind == FREEZE_HELD or kind == FREEZE_VOIDED:
            tape.frozen[who] += 1
            if kind == FREEZE_VOIDED:
                void_pending(who, rules, book)
        elif kind == SWITCH:
            tape.switch[who // WHICH, who % WHICH] += int(size)
        elif kind == DEFAULT or kind == RECOVERY or kind == BID or kind == SELL:
            change_claim(kind, who, size, more, t, tape, rules, book)
        else:
            take(kind, who, size, more, t, tape, rules, book)
        stamp(book, (REFUSAL_MARK * 64 + kind) * 1024 + who, float(t))
        tape.cursor[0] = k + 1


def change_claim(kind, v, size, more, t, tape, rules, book):
    """A venue fails, its claim is worth something else, is sold, or is paid."""
    if kind == DEFAULT:
        default_venue(v, size, more, t, tape, rules, book)
    elif kind == RECOVERY:
        pay_claim(v, rules, book)
    elif kind == BID:
        mark_bid(v, size, rules, book)
    else:
        sell_claim(v, rules, book)


def take(kind, who, size, more, t, tape, rules, book):
    """A venue closes positions, or takes money or gives it back."""
    if kind == DELEVERAGE:
        deleverage(who, size, more, t, tape, rules, book)
    elif kind == SETTLE:
        settle_now(who, size, more, tape, rules, book)
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

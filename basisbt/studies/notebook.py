"""A progress bar in a notebook, without any package that a notebook does not have.

Knows whether this is one. Elsewhere nothing is drawn: the command line has its own way of counting.
"""

import sys
import time

EVERY = 0.2  # seconds between two drawings


def in_notebook() -> bool:
    """Whether this process answers a notebook's cells."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def bar(what: str):
    """progress(done, total) drawing one bar that moves; None outside of a notebook."""
    if not in_notebook():
        return None
    from IPython.display import HTML, display

    state = {"handle": None, "drawn": 0.0}

    def progress(done: int, total: int) -> None:
        now = time.monotonic()
        if state["handle"] is not None and done < total and now - state["drawn"] < EVERY:
            return
        state["drawn"] = now
        shown = HTML(f'<progress value="{done}" max="{max(total, 1)}"></progress> {done:,} of {total:,} {what}')
        if state["handle"] is None:
            state["handle"] = display(shown, display_id=True)
        else:
            state["handle"].update(shown)

    return progress

"""A Ctrl-C that something swallowed is found before the next path."""

import os
import signal

import pytest

from basisbt.studies.interrupts import check, listening


def swallowed():
    """What Numba does where it asks an argument for its type: the exception is dropped."""
    try:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10**6):
            pass
    except KeyboardInterrupt:
        pass


# Was a bug: one run in fifty went on after Ctrl-C, since Numba's dispatcher drops what is raised inside it.
def test_a_swallowed_interrupt_is_raised_at_the_next_check():
    with listening():
        check()
        swallowed()
        with pytest.raises(KeyboardInterrupt):
            check()
        check()


def test_an_interrupt_is_raised_at_once_and_listening_ends():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), listening():
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10**6):
            pass
    assert signal.getsignal(signal.SIGINT) is before


def test_somebody_elses_handler_stays():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *args: heard.append(1))
    try:
        with listening():
            os.kill(os.getpid(), signal.SIGINT)
        assert heard == [1]
        check()
    finally:
        signal.signal(signal.SIGINT, before)

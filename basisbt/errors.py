"""What can go wrong with a person's input, said once: every error names place, finding and expectation.

Each class carries the exit code of the command line (contract): 1 a run failed, 2 usage or config,
3 data missing or broken, 4 a check failed. Nothing here knows what raised it.
"""


class BasisError(Exception):
    """An error a person can act on; shown without a traceback. `exit_code` is the process's exit code."""

    exit_code = 1


class RunError(BasisError):
    """A run started and could not finish."""

    exit_code = 1


class ConfigError(BasisError):
    """The config or the command line is wrong. The text holds every mistake found, one after another."""

    exit_code = 2


class DataError(BasisError):
    """Market data is missing, broken or does not cover the window."""

    exit_code = 3


class CheckError(BasisError):
    """A check (look-ahead, verification) found a difference."""

    exit_code = 4

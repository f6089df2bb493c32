"""Where the next cell comes from: a plan that is fixed beforehand, or Optuna, which learns from what it was told.

Knows ask and tell. Knows neither how a cell is run nor what a figure means beyond its rank.
"""

import logging
import warnings
from pathlib import Path

from basisbt.errors import ConfigError
from basisbt.studies.sweeps.cell import Answer
from basisbt.studies.sweeps.plan import Cell, excluded
from basisbt.studies.sweeps.scores import costs_of, holds

WORST = 1e30  # what a failed cell costs: Optuna takes no infinity


class Planned:
    """Cells that are named beforehand, in order."""

    def __init__(self, cells: list[Cell]):
        self.total, self.left, self.single = len(cells), iter(cells), False

    def ask(self) -> Cell | None:
        """The next cell; None when there is none."""
        return next(self.left, None)

    def tell(self, answer: Answer) -> None:
        """A plan learns nothing."""


class Learning:
    """Optuna's tree of Parzen estimators over the axes, one trial a cell; kept in the sweep's folder, and resumed.

    Cells that keep no limit of `require` count as infeasible. One that was proposed before is answered from the ledger.
    """

    def __init__(self, sweep, limits, folder: Path | None):
        optuna = load_optuna()
        self.sweep, self.limits, self.total, self.single = sweep, limits, sweep.samples, True
        storage = None
        if folder is not None:
            from optuna.storages import JournalStorage
            from optuna.storages.journal import JournalFileBackend

            storage = JournalStorage(JournalFileBackend(str(folder / "optuna.log")))
        many = len(sweep.rank) > 1
        self.study = optuna.create_study(
            storage=storage, study_name=sweep.name, load_if_exists=True, directions=["minimize"] * len(sweep.rank),
        )  # fmt: skip
        self.study.sampler = optuna.samplers.TPESampler(  # a study that goes on must not draw its beginning once more
            seed=sweep.seed + 1_000_003 * len(self.study.trials), multivariate=not many,
            constraints_func=self.broken if limits else None,
        )  # fmt: skip
        self.open: dict[int, object] = {}
        finished = optuna.trial.TrialState.COMPLETE
        self.asked = sum(1 for trial in self.study.trials if trial.state == finished)
        for trial in self.study.trials:  # asked by a process that was killed
            if trial.state == optuna.trial.TrialState.RUNNING:
                self.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
                self.study.enqueue_trial(trial.params)
        earlier = [self.cell_of(t.number, t.params) for t in self.study.trials if t.state == finished]
        self.earlier = [cell for cell in earlier if not excluded(cell.chosen, sweep.exclude)]

    def broken(self, trial) -> tuple[float, ...]:
        """Optuna's constraints: above zero is broken."""
        return tuple(trial.user_attrs.get("broken", [1.0] * len(self.limits)))

    def ask(self) -> Cell | None:
        """The next cell; those of an earlier process come first and are in the ledger."""
        if self.earlier:
            return self.earlier.pop(0)
        while self.asked < self.total:
            self.asked += 1
            trial = self.study.ask()
            cell = self.cell_of(trial.number, {axis.key: suggest(trial, axis) for axis in self.sweep.axes})
            if not excluded(cell.chosen, self.sweep.exclude):
                self.open[trial.number] = trial
                return cell
            self.study.tell(trial, [WORST] * len(self.sweep.rank))
        return None

    def cell_of(self, number: int, params: dict) -> Cell:
        """The cell of a trial; what Optuna holds of a list is the value's position."""
        values = []
        for axis in self.sweep.axes:
            value = params[axis.key]
            values.append((axis.key, axis.values[int(value)] if axis.values else axis.sized(float(value))))
        return Cell(number, tuple(values))

    def tell(self, answer: Answer) -> None:
        """What a cell has cost."""
        trial = self.open.pop(answer.cell.number, None)
        if trial is None:
            return
        figures = answer.figures
        trial.set_user_attr("broken", [0.0 if holds(figures.get(m), s, x) else 1.0 for m, s, x in self.limits])
        self.study.tell(trial, [min(cost, WORST) for cost in costs_of(figures, self.sweep.rank)])


def suggest(trial, axis):
    """A number for Optuna: a position in a list, or a size between two."""
    if axis.values:
        return trial.suggest_categorical(axis.key, list(range(len(axis.values))))
    return trial.suggest_float(axis.key, axis.low, axis.high, log=axis.log)


def load_optuna():
    """Optuna, quiet. Raises ConfigError when it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ImportError:
        raise ConfigError("method: optuna needs the package: pip install 'basisbt[search]'") from None
    optuna.logging.set_verbosity(logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna

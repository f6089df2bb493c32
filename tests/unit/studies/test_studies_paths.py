"""Sampled paths: the same rows however they are run, tail costs that reruns confirm, figures worked out again."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from basisbt.engines.paths import OUTCOME
from basisbt.errors import ConfigError, RunError
from basisbt.events import FundingShock, NonConvergence, VenueDefault, WithdrawalFreeze
from basisbt.studies.paths import Worker, run_paths
from basisbt.studies.run import run_path, run_prepared
from basisbt.studies.tails import path_job, paths_frame
from tests.support.samples import busy, without

PATHS = 60
FIRST = "path weight pnl max_drawdown trapped_days liquidations cause first_event first_venue journal_digest"
LINES = (
    "funding basis directional collateral fee spread impact borrow transfer_fee liquidation adl clawback default "
    "recovery settlement_gap"
)
KINDS = {
    "withdrawal_freeze": WithdrawalFreeze, "venue_default": VenueDefault, "non_convergence": NonConvergence,
    "funding": FundingShock,
}  # fmt: skip


@pytest.fixture(scope="module")
def prepared():
    return busy()


@pytest.fixture(scope="module")
def done(prepared, tmp_path_factory):
    """The whole run, kept in a store of its own."""
    return run_prepared(prepared, tmp_path_factory.mktemp("store"), jobs=1)


@pytest.fixture(scope="module")
def worker(prepared):
    return Worker(path_job(prepared), prepared.loaded)


@pytest.fixture(scope="module")
def rows(worker):
    return worker.run(range(PATHS))


def pnl_of(*overrides):
    """P&L of every path of the busy sample with something changed."""
    changed = busy(*overrides)
    return Worker(path_job(changed), changed.loaded).run(range(PATHS))["pnl"]


def events_of(worker, path):
    return worker.draws.draw(path).events


def test_paths_have_the_columns_of_the_contract_first(done):
    columns = list(done.paths.columns)
    assert columns[: len(FIRST.split())] == FIRST.split()
    assert columns[len(FIRST.split()) :][: len(LINES.split())] == LINES.split()
    assert done.paths["path"].tolist() == list(range(PATHS)) and set(done.paths["weight"]) == {1.0}


def test_the_sample_these_stories_lean_on_has_everything_in_it(worker, rows, done):
    seen = {type(event) for path in range(PATHS) for event in events_of(worker, path)}
    assert seen == set(KINDS.values())
    assert set(done.paths["first_event"]) == set(KINDS) and set(done.paths["cause"]) == {*KINDS, ""}
    assert rows["liquidations"].max() > 0 and rows["defaults"].max() > 0 and rows["trapped_days"].max() > 0.0


def test_the_first_event_and_its_venue_are_those_drawn(worker, done):
    for row in done.paths.itertuples():
        first = min(events_of(worker, row.path), key=lambda event: event.start)
        assert isinstance(first, KINDS[row.first_event])
        assert first.name.split()[1].split(":")[0] == row.first_venue


def test_the_attribution_of_every_path_sums_to_its_pnl(done):
    frame = done.paths
    assert frame[LINES.split()].sum(axis=1).to_numpy() == pytest.approx(frame["pnl"].to_numpy(), abs=1e-3)
    assert (frame["final_equity"] - frame["pnl"]).to_numpy() == pytest.approx(1_000_000.0)


def test_paths_run_backwards_or_in_chunks_are_the_same_paths(worker, rows):
    assert worker.run(range(PATHS)[::-1])[::-1].tobytes() == rows.tobytes()
    chunks = [worker.run(range(a, b)) for a, b in ((40, 60), (0, 7), (7, 40))]
    assert np.concatenate([chunks[1], chunks[2], chunks[0]]).tobytes() == rows.tobytes()


def test_a_path_does_not_depend_on_the_path_before_it(prepared, rows):
    fresh = Worker(path_job(prepared), prepared.loaded)
    assert fresh.run([37]).tobytes() == rows[37:38].tobytes()


def test_two_processes_give_what_one_gives_to_the_bit(prepared, rows):
    told = []
    job = path_job(prepared)
    assert run_paths(job, 1).tobytes() == rows.tobytes()
    assert run_paths(job, 2, lambda *progress: told.append(progress)).tobytes() == rows.tobytes()
    assert told[0] == (0, PATHS) and told[-1] == (PATHS, PATHS) and told == sorted(told)


def test_fewer_paths_are_the_first_of_more(rows):
    few = busy(paths=5)
    assert run_paths(path_job(few), 1).tobytes() == rows[:5].tobytes()


def test_the_frame_is_the_rows(done, prepared, rows):
    again = paths_frame(prepared, rows)
    assert again.equals(done.paths)
    assert done.paths["journal_digest"].tolist() == [f"{digest:016x}" for digest in rows["digest"].tolist()]


def test_backtrader_gives_the_rows_of_the_compiled_loop(prepared, rows):
    slow = Worker(replace(path_job(prepared), compiled=False), prepared.loaded)
    chosen = [int(rows["pnl"].argmin()), int(rows["liquidations"].argmax()), int(rows["trapped_days"].argmin())]
    for path, row in zip(chosen, slow.run(chosen)):
        for name in OUTCOME.names:
            assert row[name] == rows[name][path], f"{name} of path {path}"
        assert row.tobytes() == rows[path].tobytes()  # and the costs


@pytest.mark.parametrize("kept", [True, False], ids=["from the store", "without one"])
def test_a_path_alone_is_the_path_of_the_sample(prepared, done, kept):
    store = done.folder.parents[1] if kept else None
    alone = run_path(prepared, 11, store)
    assert alone.metrics["journal_digest"] == done.paths["journal_digest"][11]
    assert alone.metrics["paths_digest"] == (done.paths["journal_digest"][11] if kept else None)
    assert alone.metrics["pnl"] == done.paths["pnl"][11] and alone.metrics["path"] == 11
    assert alone.journal["amount"].size > 0 and set(alone.events["origin"]) >= {"sample"}


def test_the_worst_path_is_the_one_that_lost_most(prepared, done):
    worst = int(np.argmin(done.paths["pnl"]))
    for store in (done.folder.parents[1], None):
        alone = run_path(prepared, "worst", store, jobs=1)
        assert alone.metrics["path"] == worst and alone.metrics["pnl"] == done.paths["pnl"].min()
        assert alone.metrics["journal_digest"] == done.paths["journal_digest"][worst]


def test_a_path_from_the_middle_of_ten_thousand_matches_alone(tmp_path):
    """Ten days of hours, ten thousand times, by two processes; three of them again through Backtrader."""
    hasty = "strategy.params.lookback=1d", "strategy.params.enter_above=-50%"
    many = busy(*hasty, paths=10_000, timerange="20230101-20230111")
    ran = run_prepared(many, tmp_path, jobs=2)
    assert len(ran.paths) == 10_000 and ran.paths["journal_digest"].nunique() > 5_000
    for path in (4_999, 5_000, 9_999):
        alone = run_path(many, path, tmp_path)
        assert alone.metrics["journal_digest"] == alone.metrics["paths_digest"] == ran.paths["journal_digest"][path]
        assert alone.metrics["pnl"] == ran.paths["pnl"][path]


def test_a_path_alone_has_the_tail_costs_of_its_row(prepared, done):
    for path in (int(done.paths["liquidations"].argmax()), int(done.paths["defaults"].argmax())):
        cost = run_path(prepared, path).metrics["tail_cost"]
        told = {kind: done.paths[f"cost_{kind}"][path] for kind in KINDS}
        assert {kind: cost.get(kind, 0.0) for kind in KINDS} == pytest.approx(told, abs=1e-6)


def test_a_digest_that_is_not_met_is_an_error(prepared, done, tmp_path):
    folder = tmp_path / prepared.resolved.spec.name / prepared.key
    folder.mkdir(parents=True)
    done.paths.assign(journal_digest="0" * 16).to_parquet(folder / "paths.parquet")
    with pytest.raises(RunError, match="path 3: Backtrader's digest .* the two engines disagree"):
        run_path(prepared, 3, tmp_path)
    assert [place.name for place in folder.parent.iterdir()] == [prepared.key]


@pytest.mark.parametrize("which", [PATHS, -1, "many", "3.0", ""])
def test_a_path_that_is_not_there_is_refused(prepared, which):
    with pytest.raises(ConfigError, match="--path: found .*, expected (0 to 59|a number or `worst`)"):
        run_path(prepared, which)


@pytest.mark.parametrize("kind", ["funding", "non_convergence"])
def test_a_kind_costs_what_the_config_without_it_earns_more(rows, kind):
    cost = pnl_of(*without(kind)) - rows["pnl"]
    assert cost == pytest.approx(rows[f"cost_{kind}"], abs=1e-6)
    assert np.count_nonzero(cost) > 10


def test_freezes_cost_what_the_config_without_trouble_at_venues_earns_more(worker, rows):
    cost = pnl_of(*without("withdrawal_freeze", "venue_default")) - rows["pnl"]
    frozen = [path for path in range(PATHS) if rows["trapped_days"][path] > 0.0 and not defaulted(worker, path)]
    assert len(frozen) > 10
    assert cost[frozen] == pytest.approx(rows["cost_withdrawal_freeze"][frozen], abs=1e-6)
    assert rows["cost_venue_default"][frozen].tolist() == [0.0] * len(frozen)


def defaulted(worker, path):
    return any(isinstance(event, VenueDefault) for event in events_of(worker, path))


def test_a_default_that_a_freeze_ended_in_is_a_cost_of_the_freeze(worker, rows):
    for path in range(PATHS):
        roots = {event.root for event in events_of(worker, path) if isinstance(event, VenueDefault)}
        if roots == {"withdrawal_freeze"}:
            assert rows["cost_venue_default"][path] == 0.0 and rows["defaults"][path] > 0
    assert rows["cost_withdrawal_freeze"][rows["default"] < 0.0].max() > 100_000.0


# Was a bug: gaps and funding shocks after a default were left out of the path without it.
def test_a_default_costs_what_the_config_without_defaults_earns_more():
    sudden = busy(*without("withdrawal_freeze"))
    found = Worker(path_job(sudden), sudden.loaded).run(range(PATHS))
    cost = pnl_of(*without("withdrawal_freeze", "venue_default")) - found["pnl"]
    assert cost == pytest.approx(found["cost_venue_default"], abs=1e-6)


def test_the_figures_of_the_paths_worked_out_again(done):
    """60 paths of 1,416 hours, 59 days: VaR 95 is the 57th loss in order, ES 95 the mean of the 3 beyond it."""
    block, frame = done.metrics["paths"], done.paths
    pnl, loss = frame["pnl"].to_numpy(), np.sort(-frame["pnl"].to_numpy() / 1e6)
    calm = pnl_of(*without(*KINDS))
    assert (block["n"], block["effective_n"]) == (60, 60.0)
    expected = {
        "pnl": pnl.mean(), "return_annual": (np.maximum(1.0 + pnl / 1e6, 0.0) ** (365 / 59) - 1.0).mean(),
        "var_95": loss[56], "es_95": loss[57:].mean(), "var_99": loss[59], "es_99": loss[59], "es_999": loss[59],
        "ruin": (frame["lowest_equity"] < 500_000.0).mean(), "margin_call": (frame["worst_ratio"] < 1.1).mean(),
        "trapped_days": frame["trapped_days"].mean(), "liquidations": frame["liquidations"].mean(),
        "max_drawdown": frame["max_drawdown"].mean(),
    }  # fmt: skip
    assert {name: block[name]["value"] for name in expected} == pytest.approx(expected, rel=1e-9)
    costs = {kind: frame[f"cost_{kind}"].mean() for kind in KINDS} | {"total": (calm - pnl).mean()}
    costs["interaction"] = 2 * costs["total"] - sum(costs.values())
    assert {name: figure["value"] for name, figure in block["tail_cost"].items()} == pytest.approx(costs, rel=1e-9)
    assert block["pnl"]["low"] < block["pnl"]["value"] < block["pnl"]["high"]


def test_memory_does_not_grow_with_the_number_of_paths(worker, rows):
    runner = worker.runner
    places = [part.ctypes.data for parts in (runner.tape, runner.book) for part in parts]
    tracemalloc.start()
    try:
        worker.run(range(PATHS))
        before = tracemalloc.get_traced_memory()[0]
        worker.run(range(PATHS, 4 * PATHS))
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown / (3 * PATHS) < 1_000 < runner.tape.past.nbytes  # bytes a path; Python keeps small change
    assert places == [part.ctypes.data for parts in (runner.tape, runner.book) for part in parts]
    assert len(runner.beginnings) == 1

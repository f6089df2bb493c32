"""What a run hands out: the contract's columns and keys, and tail costs that add up."""

import pytest

from basisbt.studies.run import run
from basisbt.studies.sweeps.shell import axes_of, split_values
from tests.support.places import ROOT

COLUMNS = {
    "equity": "timestamp marked accessible recovered okx bybit",
    "attribution": "timestamp pair venue kind amount",
    "journal": "time kind venue instrument source target asset amount reason",
    "orders": "time venue symbol side quantity price status fee spread impact reason",
    "fills": "time venue symbol side quantity price status fee spread impact reason",
    "margin": "timestamp venue account equity maintenance ratio liquidation_distance",
    "events": "time end event venue symbol size origin",
}
KEYS = (
    "name key engine seed bars currency capital final_equity accessible_equity recovered_equity open_claims pnl return "
    "return_annual volatility_annual sharpe sortino max_drawdown max_drawdown_days trapped_days liquidations fills "
    "attribution tail_cost journal_digest"
)
LINES = (
    "funding basis directional collateral fee spread impact borrow transfer_fee liquidation adl clawback default "
    "recovery settlement_gap"
)
SCRIPT = (
    "{freeze: {event: withdrawal_freeze, venue: okx, at: 2023-01-20T00:30Z, for: 90m, pending: held},"
    " rally: {event: price, base: BTC, move: +30%, over: 3d, then: hold, at: 2023-01-22T00:00Z}}"
)


@pytest.fixture(scope="module")
def done():
    return run(
        ROOT / "configs" / "runs" / "01_btc_carry.yaml", {"tail.script": SCRIPT}, timerange="20230101-20230201",
        engine="backtrader",
    )  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_frames_have_the_columns_of_the_contract(done, name):
    assert list(done.frame(name).columns) == COLUMNS[name].split()


def test_metrics_have_the_keys_of_the_contract(done):
    assert sorted(done.metrics) == sorted(KEYS.split())
    assert list(done.metrics["attribution"]) == LINES.split()
    assert sum(done.metrics["attribution"].values()) == pytest.approx(done.metrics["pnl"], abs=1e-3)
    assert done.attribution["amount"].sum() == pytest.approx(done.metrics["pnl"], abs=1e-3)


# Was a bug: an account was added without its name, and every name behind it meant the one before.
def test_the_journal_names_every_account_for_what_it_is(done):
    journal = done.journal
    for kind in ("funding", "fee", "spread", "price", "transfer_fee"):
        rows = journal[journal["kind"] == kind]
        outside = rows["source"].where(~rows["source"].str.startswith(("okx ", "bybit ")), rows["target"])
        assert set(outside) == {kind}
    transfers = journal[journal["kind"] == "transfer"]
    assert set(transfers["source"]) | set(transfers["target"]) <= {
        "okx wallet", "bybit wallet", "okx in_transit", "bybit in_transit"
    }


def test_tail_costs_and_their_interaction_are_the_total(done):
    cost = done.metrics["tail_cost"]
    assert list(cost) == ["withdrawal_freeze", "price", "interaction", "total"]
    assert cost["withdrawal_freeze"] + cost["price"] + cost["interaction"] == pytest.approx(cost["total"], abs=1e-6)
    config = ROOT / "configs" / "runs" / "01_btc_carry.yaml"
    calm = run(config, {"tail": "none"}, timerange="20230101-20230201", engine="backtrader")
    assert cost["total"] == pytest.approx(calm.metrics["pnl"] - done.metrics["pnl"], abs=1e-6)


def test_moved_event_times_are_in_the_metadata(done):
    # 2023-01-20T00:30Z = 1,674,174,600 s; floored to 00:00. Its end, 02:00, falls on an open and stays
    (moved,) = done.meta["quantised"]
    assert moved == {
        "event": "freeze", "start": 1674174600, "start_used": 1674172800, "end": 1674180000, "end_used": 1674180000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "values"),
    [("4%,6%", ["4%", "6%"]), ("[4%, 6%]", ["4%", "6%"]), ("7", ["7"]), ("[a, [b, c]],d", ["[a, [b, c]]", "d"]),
     ("{a: 1, b: 2}, none", ["{a: 1, b: 2}", "none"]), ("", []), ("a,,b,", ["a", "b"])],
)  # fmt: skip
def test_values_are_split_at_commas_outside_brackets(text, values):
    assert split_values(text) == values


def test_axes_are_the_keys_with_several_values():
    assert axes_of(["a=1,2", "b=3", "~c"]) == ({"a": [1, 2]}, ["b=3", "~c"])

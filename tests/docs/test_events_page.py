"""The page of events: every kind has its row, every answer it promises is given."""

import re
from typing import get_args

import pytest

import basisbt
from basisbt.config.events import EventSpec
from basisbt.config.incidents import catalogue
from basisbt.report.incidents import page
from tests.stories.test_incidents import CONFIG
from tests.stories.test_rules_from_config import flat, rates
from tests.support.places import ROOT

TEXT = (ROOT / "docs" / "events.md").read_text()


def kinds():
    """Every event a script may name."""
    return [get_args(spec.model_fields["event"].annotation)[0] for spec in get_args(get_args(EventSpec)[0])]


def test_every_event_has_a_row_and_every_row_an_event():
    rows = re.findall(r"^\| `(\w+)` \| `", TEXT, re.M)
    assert sorted(rows) == sorted(kinds())


def test_the_incident_page_is_what_the_catalogue_says():
    assert (ROOT / "docs" / "incidents.md").read_text() == page(catalogue())


@pytest.fixture
def run(tmp_path):
    """run(events): the result of the flat pair of test_incidents with a script."""
    for place in ("a/BTC-USDT/trade_1h", "b/BTC-USDT_USDT/trade_1h", "b/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "b", 0.0)

    def go(*events):
        file = tmp_path / "run.yaml"
        script = ", ".join(f"e{k}: {{{event}}}" for k, event in enumerate(events))
        file.write_text(CONFIG.replace("TAIL", f"{{script: {{{script}}}}}"))
        return basisbt.run(file, engine="backtrader")

    return go


WRONG = [
    ("event: outage, venue: c, at: 2024-01-03", "no venue 'c'"),
    ('event: adl, venue: b, symbol: "ETH/USDT:USDT", fraction: 50%, at: 2024-01-03', "no pair trades derivative"),
    ("event: outage, venue: b, at: 2024-01-03, until: 2024-01-02", "ends before it starts"),
    ("event: outage, venue: b, at: 2024-01-03, until: 2024-01-04, for: 1d", "found both 'for' and 'until'"),
    ("event: insurance_drain, venue: b, share: 50%, at: 2024-01-03", "how big the insurance fund"),
    ("event: withdrawal_freeze, network: TRC21, at: 2024-01-03", "no venue's transfers go over 'TRC21', did you mean"),
    ("event: withdrawal_freeze, venue: a, network: TRC20, at: 2024-01-03", "which network transfers of a take"),
    ("event: withdrawal_freeze, at: 2024-01-03", "expected a 'venue', a 'network', or both"),
    ("event: depeg, asset: BTC, to: 0.5, at: 2024-01-03", "has no peg"),
    ('event: non_convergence, venue: b, symbol: "BTC/USDT:USDT", gap: 1%, residual: 1%, at: 2024-01-03', "is never settled"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "says"), WRONG)
def test_what_is_wrong_is_an_error_at_its_place(run, event, says):
    with pytest.raises(basisbt.errors.ConfigError) as caught:
        run(event)
    assert says in str(caught.value) and re.search(r"run\.yaml:\d+:\d+: error: ", str(caught.value))


GONE = "event: venue_default, venue: a, recovery: 0%, at: 2024-01-03"
NOTHING = [
    ("event: outage, venue: b, at: 2025-01-03, for: 1d",),
    ("event: withdrawal_freeze, venue: a, asset: BTC, at: 2024-01-03",),
    ("event: withdrawal_freeze, venue: b, network: ERC20, at: 2024-01-03",),
    ('event: clawback, venue: b, fraction: 50%, at: 2024-01-03',),
    ('event: settlement, venue: b, symbol: "BTC/USDT:USDT", at: 2024-01-01, trading: goes on',),
]  # fmt: skip


@pytest.mark.parametrize("events", NOTHING)
def test_what_does_nothing_costs_nothing(run, events):
    assert run(*events).metrics["pnl"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("more", [GONE.replace("01-03", "01-05"), "event: withdrawal_freeze, venue: a, at: 2024-01-04, for: 1d",
                                  "event: clawback, venue: a, of: balances, fraction: 50%, at: 2024-01-04"])  # fmt: skip
def test_after_a_default_nothing_more_happens_to_a_venue(run, more):
    assert run(GONE, more).metrics["pnl"] == run(GONE).metrics["pnl"] == pytest.approx(-55_000.0)


def test_adl_of_a_flat_position_is_nothing(run):
    event = 'event: adl, venue: b, symbol: "BTC/USDT:USDT", fraction: 100%, at: {}'
    once = run(event.format("2024-01-03"))
    twice = run(event.format("2024-01-03"), event.format("2024-01-04"))
    assert once.metrics["pnl"] == twice.metrics["pnl"] and once.metrics["fills"] == twice.metrics["fills"]


def test_a_network_that_stops_traps_money_wherever_transfers_go_over_it(run, tmp_path):
    """b's transfers go over TRC20, a's over an unnamed network: two days of 24 bars trap b's half of the money."""
    freeze = "event: withdrawal_freeze, network: TRC20, at: 2024-01-03, for: 2d"
    done = run(freeze)
    assert done.metrics["trapped_days"] == pytest.approx(2.0)
    (row,) = done.events.itertuples()
    assert row.venue == "b"
    both = tmp_path / "both.yaml"
    both.write_text(
        (tmp_path / "run.yaml")
        .read_text()
        .replace("delay: 1h, fee: 0 USDT}", "delay: 1h, fee: 0 USDT, network: TRC20}")
    )
    (row,) = basisbt.run(both, engine="backtrader").events.itertuples()
    assert row.venue == "a+b"


def test_a_freeze_of_another_network_traps_nothing(run):
    assert run("event: withdrawal_freeze, venue: b, network: ERC20, at: 2024-01-03").metrics["trapped_days"] == 0.0

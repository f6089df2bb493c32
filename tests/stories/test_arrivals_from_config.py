"""Events of any kind that come by chance: so often a year, each as a script would have it.

The pair of test_incidents on flat prices; ten days of hours.
"""

import numpy as np
import pytest

import basisbt
from basisbt.studies.prepare import prepare
from basisbt.studies.sampling import Draws
from tests.stories.test_incidents import CONFIG
from tests.stories.test_rules_from_config import flat, rates

SAMPLE = "{{sample: {{paths: {}, arrivals: {{{}}}}}}}"
CUT = "cut: {rate: 36.5/y, event: {event: clawback, venue: a, of: balances, fraction: 10%}}"
DARK = "dark: {rate: 73/y, event: {event: outage, venue: b, scope: derivatives, for: 3h}}"


@pytest.fixture
def config(tmp_path):
    """config(paths, arrivals): a file."""
    for place in ("a/BTC-USDT/trade_1h", "b/BTC-USDT_USDT/trade_1h", "b/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "b", 0.0)

    def write(paths, *arrivals):
        file = tmp_path / "run.yaml"
        file.write_text(CONFIG.replace("TAIL", SAMPLE.format(paths, ", ".join(arrivals))))
        return file

    return write


def drawn(file, paths):
    prepared = prepare(file)
    draws = Draws(prepared.sample, prepared.world)
    return [draws.draw(k).events for k in range(paths)]


def test_events_come_as_often_as_their_rate_says(config):
    """36.5 a year are one in ten days: a Poisson number of mean 1, so e**-1 of the paths have none."""
    counts = np.array([len(events) for events in drawn(config(2000, CUT), 2000)])
    assert counts.mean() == pytest.approx(1.0, abs=4 / np.sqrt(2000))
    assert (counts == 0).mean() == pytest.approx(np.exp(-1), abs=4 * np.sqrt(0.25 / 2000))


def test_another_arrival_shifts_nobodys_draws(config):
    alone = drawn(config(20, CUT), 20)
    both = drawn(config(20, CUT, DARK), 20)
    for one, two in zip(alone, both):
        assert [e.start for e in one] == [e.start for e in two if e.kind == "clawback"]
    lengths = {e.end - e.start for events in both for e in events if e.kind == "outage"}
    assert lengths == {3 * 3600}


def test_each_path_pays_for_what_came_and_its_cost_has_a_line(config):
    """A cut takes 10 % of what is at a, 55,000 after the first hour: n cuts leave 55,000 x 0.9**n, whenever they come."""
    file = config(12, CUT)
    found = basisbt.run(file, engine="backtrader").paths
    counts = [len(events) for events in drawn(file, 12)]
    assert found["pnl"].to_numpy() == pytest.approx([55_000 * (0.9**n - 1.0) for n in counts])
    assert found["cost_clawback"].to_numpy() == pytest.approx(-found["pnl"].to_numpy()) and max(counts) > 1


def test_incidents_of_the_catalogue_come_by_chance_too(config):
    """Bitfinex at a: a freeze of eight days and a cut of 36.067 % at its beginning, n times: 55,000 x 0.63933**n."""
    file = config(8, "bfx: {rate: 36.5/y, incident: bitfinex_2016, as: {bitfinex: a}}")
    events = drawn(file, 8)
    for each in events:
        pairs = list(zip(each[0::2], each[1::2]))
        assert {e.kind for e in each} <= {"withdrawal_freeze", "clawback"} and all(a.start == b.start for a, b in pairs)
    found = basisbt.run(file, engine="backtrader").paths
    counts = [len(each) // 2 for each in events]
    assert found["pnl"].to_numpy() == pytest.approx([55_000 * (0.63933**n - 1.0) for n in counts]) and max(counts) > 0


@pytest.mark.parametrize(
    ("arrival", "says"),
    [
        ("x: {rate: 1/y, incident: bitfinex_2016}", "is about bitfinex, which the config does not have"),
        ("x: {rate: 1/y, incident: bitfinix_2016}", "did you mean 'bitfinex_2016'"),
        ("x: {rate: 1/y}", "expected one of 'event' and 'incident'"),
        ("x: {rate: 1/y, event: {event: outage, venue: c}}", "no venue 'c'"),
        ("x: {rate: 1/y, event: {event: outage, venue: b, at: 2024-01-03}}", "found 'at'"),
        ("x: {rate: 1/y, event: {event: outag, venue: b}}", "outag"),
        ("x: {event: {event: outage, venue: b}}", "missing 'rate'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_arrival_is_said(config, arrival, says):
    with pytest.raises(basisbt.errors.ConfigError) as caught:
        prepare(config(5, arrival))
    assert says in str(caught.value)

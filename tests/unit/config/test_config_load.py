"""From a file to a resolved run: what comes out, where it came from, and that it can be read back."""

import json
from pathlib import Path

import pytest
import yaml

from basisbt.config import load, needs
from basisbt.config.defaults import DEFAULTS
from basisbt.config.specs import ClaimsSpec, DataSpec, MeasuresSpec, RunSpec
from basisbt.config.symbols import read_symbol
from basisbt.errors import ConfigError
from basisbt.market.instruments import parse_symbol
from basisbt.units import Money


@pytest.fixture
def spec(write, good):
    return load(write(good)).spec


def test_values_are_typed_and_in_plain_units(spec, tmp_path):
    assert spec.capital == Money(1e6, "USDT") and spec.seed == 7 and spec.currency == "USD"
    assert spec.data.dir == tmp_path / "data" and spec.data.dir.is_absolute()
    assert spec.data.window == (1_672_531_200, 1_704_067_200)
    assert (spec.data.timeframe, spec.data.timeframe_name, spec.data.gaps.max) == (28_800, "8h", 21_600)
    north, south = spec.venues["north"], spec.venues["south"]
    assert (north.weight, north.share, north.preset, north.account) == (0.6, 0.6, None, "unified")
    assert (north.fees.spot_taker, north.fees.taker, north.fees.liquidation) == (0.001, 0.0005, 0.01)
    assert (north.fees.spot_maker, north.fees.maker) == (0.001, 0.0005)
    assert (north.spread.spot, north.spread.derivative) == (0.0001, 0.00005)
    assert (south.fees.taker, south.spread.derivative, south.transfer.delay) == (0.0, 0.0, 3600)
    assert south.transfer.fees == {"USDT": 1.0, "BTC": 0.0005} and south.transfer.minimum == {"USDT": 10.0}
    assert [tier.floor for tier in south.tiers["default"]] == [0.0, 1e6]
    short = spec.pairs["btc"].short
    assert (short.leverage, short.leverage_band, short.exchange_leverage) == (3.0, (2.0, 4.5), None)
    assert spec.pairs["btc"].long.leverage is None and spec.pairs["btc"].share == 1.0
    assert spec.strategy.params == {"enter_above": "8%", "notional": "45%"}
    assert spec.measures.risk_free == 0.02


def test_events_are_in_seconds_and_fractions(spec):
    rally, freeze, gap = spec.tail.script.values()
    assert (rally.event, rally.move, rally.over, rally.then, rally.end) == ("price", 0.3, 259_200, "hold", None)
    assert (freeze.at, freeze.duration, freeze.pending) == (1_697_760_000, 2_592_000, "held")
    assert freeze.end == freeze.at + 2_592_000
    assert (gap.gap, gap.half_life, gap.funding, gap.end) == (0.03, 259_200, None, None)


def test_a_script_may_be_a_list_and_a_textbook_run_has_none(write, good):
    script = good[good.index("  script:") : good.index("claims:")]
    listed = "  script:\n" + "".join(f"    - {line.split(': ', 1)[1]}\n" for line in script.splitlines()[1:])
    found = load(write(good.replace(script, listed))).spec.tail.script
    assert list(found) == ["price-1", "withdrawal_freeze-1", "non_convergence-1"]
    assert load(write(good.replace("tail:\n" + script, "tail: none\n"))).spec.tail.script == {}
    assert load(write(good.replace("tail:\n" + script, "tail: {replay: [], sample: null}\n"))).spec.tail.script == {}


def test_the_resolved_tree_reads_back_to_the_same_spec(write, good):
    carry = "venues: {okx: {}, bybit: {fees: {taker: 6bps}}}\n"
    carry += "carry: {bases: [BTC, ETH], layout: all_pairs, leverage: 3x}\n"
    short = good[: good.index("venues:")] + carry + "strategy: {use: ./mine.py, params: {notional: 40%}}\n"
    for i, text in enumerate((good, short)):
        first = load(write(text))
        again = load(write(json.dumps(first.tree), f"elsewhere{i}/a.yaml"))
        assert again.spec == first.spec and again.tree == first.tree
        third = load(write(yaml.safe_dump(json.loads(json.dumps(first.tree))), f"elsewhere{i}/b.yaml"))
        assert third.spec == first.spec


def test_every_value_knows_its_origin(write, good, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write(good.replace("  south:", "  okx: {fees: {taker: 7bps}, weight: 0%}\n  south:"))
    found = load("desk.yaml", ["data.timeframe=1d"])
    assert found.origins["capital"] == "desk.yaml:3:10"
    assert found.origins["data.timeframe"] == "-S"
    assert found.origins["data.coverage"] == "default"
    assert found.origins["venues.okx.fees.taker"] == "desk.yaml:16:23"
    assert found.origins["venues.okx.fees.spot_taker"].startswith("preset okx (configs/venues/okx.yaml:")
    assert found.where("strategy.params.notional") == "desk.yaml:32:39"
    assert found.where("strategy.params.unheard_of") == "desk.yaml:32:11"
    text = found.mistake("strategy.params.notional", "too much")
    assert text.startswith("desk.yaml:32:39: error: too much\n  ") and text.endswith("^")
    assert found.folder("strategy.use") == Path(".")


def test_arguments_win_over_overrides_over_the_environment_over_the_file(write, good, monkeypatch, tmp_path):
    path = write(good)
    monkeypatch.setenv("BASISBT_DATA", "/from/env")
    assert load(path).spec.data.dir == Path("/from/env")
    assert load(path, ["data.dir=/from/set"]).spec.data.dir == Path("/from/set")
    assert load(path, ["data.dir=/from/set"], data_dir=tmp_path).spec.data.dir == tmp_path
    found = load(path, ["seed=8"], seed=9, timerange="20230201-20230301")
    assert (found.spec.seed, found.spec.data.window) == (9, (1_675_209_600, 1_677_628_800))
    with pytest.raises(ConfigError, match="--timerange: error: found '2023'; expected a start and an end"):
        load(path, timerange="2023")


def test_timerange_is_an_alias_of_window(write, good, complaint):
    window = "window: [2023-01-01, 2024-01-01]"
    found = load(write(good.replace(window, "timerange: 20230101-20240101")))
    assert found.spec.data.window == (1_672_531_200, 1_704_067_200) and "timerange" not in found.tree["data"]
    text = complaint(good.replace(window, f"{window}\n  timerange: 20230101-20240101"))
    assert "desk.yaml:8:3: error: found both 'timerange' and 'window'" in text


def test_shares_of_pairs_are_parts(write, good):
    pair = "  eth:\n    long: {venue: north, symbol: ETH/USDT}\n"
    pair += "    short: {venue: south, symbol: ETH/USDT:USDT, leverage: 2x}\n"
    text = good.replace("strategy:", f"{pair}    share: 3\nstrategy:")
    assert {name: found.share for name, found in load(write(text)).spec.pairs.items()} == {"btc": 0.25, "eth": 0.75}


def test_odd_but_allowed_events_are_warned_about(write, good):
    text = good.replace("2023-10-20T00:00Z, for: 30d", "2022-10-20T00:00Z, for: 30d").replace("over: 3d", "over: 1h")
    warnings = load(write(text)).warnings
    assert any("desk.yaml:34:56: rally: 'over' is shorter than a bar (8h)" in line for line in warnings)
    assert any("freeze lies outside the window 2023-01-01 to 2024-01-01 and does nothing" in line for line in warnings)


@pytest.mark.parametrize(
    "text",
    ["BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDT:USDT-240329", "BTC/USD:USDC", "BTCUSDT", "BTC/USDT:ETH", "/",
     "", "a b/USDT", "BTC/USDT:USDT-1"],
)  # fmt: skip
def test_symbols_are_read_as_the_market_reads_them(text):
    try:
        market = parse_symbol("okx", text)
    except ConfigError:
        with pytest.raises(ValueError):
            read_symbol(text)
    else:
        found = read_symbol(text)
        expected = (market.base, market.quote, market.kind, market.inverse)
        assert (found.base, found.quote, found.kind, found.inverse) == expected


def test_the_printed_defaults_are_the_specs_own():
    written = yaml.safe_load(DEFAULTS)
    data = DataSpec(dir=Path("/"), window="20230101-20230102")
    assert written["data"]["timeframe"] == data.timeframe_name and written["data"]["gaps"]["max"] == "6h"
    assert written["data"]["coverage"] == data.coverage and data.gaps.max == 21_600
    measures = MeasuresSpec()
    assert written["measures"] == {"ruin": measures.ruin, "margin_call": measures.margin_call, "risk_free": "0%"}
    assert written["claims"]["carry_at"] == ClaimsSpec().carry_at
    assert written["seed"] == RunSpec.model_fields["seed"].default


def test_a_run_without_a_name_is_called_after_its_file(write, good):
    assert load(write(good.replace("name: two-venues\n", ""), "my desk.yaml")).spec.name == "my-desk"


class TestWeights:
    def shares(self, write, good, north, south):
        text = good.replace("weight: 60%", f"weight: {north}").replace("weight: 40%", f"weight: {south}")
        return [venue.share for venue in load(write(text), ["strategy.params.notional=20%"]).spec.venues.values()]

    def test_percentages_parts_and_auto(self, write, good):
        assert self.shares(write, good, "75%", "25%") == [0.75, 0.25]
        assert self.shares(write, good, 3, 1) == [0.75, 0.25]
        needed = needs(load(write(good)).spec)
        assert needed["north"] == pytest.approx(1.0011) and needed["south"] == pytest.approx(1 / 3)
        total = sum(needed.values())
        assert self.shares(write, good, "auto", "auto") == pytest.approx([v / total for v in needed.values()])
        assert self.shares(write, good, "60%", "auto") == [0.6, 0.4]

    def test_a_venue_without_legs_gets_nothing(self, write, good):
        text = good.replace("60%", "auto").replace("40%", "auto").replace("  south:", "  okx: {}\n  south:")
        found = load(write(text), ["strategy.params.notional=20%"]).spec.venues
        assert found["okx"].share == 0.0 and found["okx"].weight == "auto"
        assert sum(venue.share for venue in found.values()) == pytest.approx(1)

    def test_mistakes(self, good, complaint):
        text = complaint(good.replace("60%", "auto").replace("40%", "2"))
        assert "desk.yaml:17:13: error: found parts, but north has none" in text
        assert "all weights are 0" in complaint(good.replace("60%", "0").replace("40%", "0"))


class TestAffordability:
    def test_what_a_venue_cannot_pay_is_named_at_its_weight(self, good, complaint):
        text = complaint(good.replace("60%", "50%").replace("40%", "50%").replace("notional: 45%", "notional: 60%"))
        assert text.startswith("desk.yaml:12:13: error: north needs 600,660 USDT, has 500,000")

    def test_what_auto_cannot_pay_is_named_at_the_notional(self, good, complaint):
        text = complaint(good.replace("60%", "auto").replace("40%", "auto").replace("notional: 45%", "notional: 90%"))
        assert "desk.yaml:31:39: error: the legs need 1,200,990 USDT (north 900,990, south 300,000), capital is" in text
        assert "a notional of 74.94 % is affordable" in text

    def test_nothing_is_checked_that_is_not_known(self, write, good):
        load(write(good.replace("notional: 45%", "lookback: 7d")))
        load(write(good.replace("notional: 45%", "notional: 900%, quantity: 1")))


class TestCarry:
    def pairs(self, write, good, carry, overrides=()):
        start, end = good.index("pairs:"), good.index("strategy:")
        text = good[:start] + f"carry: {carry}\n" + good[end : good.index("tail:")]
        tiers = "    tiers: {default: [{floor: 0, mmr: 1%, max_leverage: 9x}]}\n"
        text = text.replace("    transfer: {delay: 30m", f"{tiers}    transfer: {{delay: 30m")
        return load(write(text), ["strategy.params.notional=10%", *overrides])

    def test_layouts(self, write, good):
        found = self.pairs(write, good, "{bases: [BTC, ETH], leverage: 3x}").spec.pairs
        assert list(found) == ["btc-north", "eth-north", "btc-south", "eth-south"]
        assert found["eth-south"].short.symbol == "ETH/USDT:USDT" and found["eth-south"].share == 0.25
        found = self.pairs(write, good, "{bases: [BTC], layout: all_pairs, leverage: 3x}").spec.pairs
        assert list(found) == ["btc-north-south", "btc-south-north"]
        assert (found["btc-south-north"].long.venue, found["btc-south-north"].short.venue) == ("south", "north")
        found = self.pairs(write, good, "{bases: [BTC], layout: {hub: south}, leverage: 3x, quote: USDC}", [
            "venues.*.transfer.fee={USDC: 1}", "capital=1 USDC"]).spec.pairs  # fmt: skip
        assert list(found) == ["btc-south-north"] and found["btc-south-north"].long.symbol == "BTC/USDC"

    def test_overrides_reach_before_and_behind_the_shorthand(self, write, good):
        found = self.pairs(write, good, "{bases: [BTC], leverage: 3x}", ["carry.leverage=4x"]).spec.pairs
        assert found["btc-north"].short.leverage == 4.0
        found = self.pairs(write, good, "{bases: [BTC], leverage: 3x}", ["pairs.*.short.leverage=5x"]).spec.pairs
        assert found["btc-south"].short.leverage == 5.0
        changes = ["~venues.south", "venues.north.weight=auto"]
        assert list(self.pairs(write, good, "{bases: [BTC], leverage: 3x}", changes).spec.pairs) == ["btc-north"]

    def test_mistakes_point_at_the_shorthand(self, good, complaint):
        start, end = good.index("pairs:"), good.index("strategy:")
        text = good[:start] + "carry: {bases: [BTC], venues: [north, suoth], leverage: 3x}\n" + good[end:]
        assert "desk.yaml:25:39: error: no venue 'suoth', did you mean 'south'?" in complaint(text)
        text = good[:start] + "carry: {bases: [BTC], venues: [north], layout: all_pairs, leverage: 3x}\n" + good[end:]
        assert "desk.yaml:25:48: error: layout all_pairs needs two venues or more; found 1" in complaint(text)

"""What lies over what: extends, overrides, presets."""

import json
from datetime import UTC, datetime

import pytest

from basisbt.config import load, preset_names, preset_path
from basisbt.config.mistakes import Mistakes
from basisbt.config.presets import _read
from basisbt.core.rules import maintenance_amounts
from basisbt.errors import ConfigError

DESK = """
capital: 1_000_000 USDT
data: {dir: data, window: [2023-01-01, 2023-07-01]}
venues: {okx: {}, bybit: {}}
carry: {bases: [BTC], leverage: 3x}
strategy: {use: cash_and_carry, params: {notional: 40%, enter_above: 8%}}
"""


class TestExtends:
    def test_maps_merge_lists_replace_null_removes(self, write):
        write(DESK, "base/desk.yaml")
        top = "extends: base/desk.yaml\nvenues: {bybit: null}\ncarry: {bases: [ETH]}\n"
        top += "strategy: {params: {enter_above: 9%}}"
        spec = load(write(top, "top.yaml")).spec
        assert list(spec.venues) == ["okx"] and list(spec.pairs) == ["eth-okx"]
        assert spec.strategy.params == {"notional": "40%", "enter_above": "9%"}

    def test_paths_belong_to_the_file_that_wrote_them(self, write, tmp_path):
        write(DESK.replace("use: cash_and_carry", "use: ./mine.py"), "base/desk.yaml")
        found = load(write("extends: [base/desk.yaml]\nseed: 3", "top.yaml"))
        assert found.spec.data.dir == tmp_path / "base" / "data"
        assert found.spec.strategy.use == str(tmp_path / "base" / "mine.py")
        assert found.spec.seed == 3 and found.spec.name == "top"

    def test_the_later_of_several_wins(self, write):
        write(DESK, "a.yaml")
        write("seed: 1\nstrategy: {params: {enter_above: 1%}}", "b.yaml")
        write("seed: 2", "c.yaml")
        spec = load(write("extends: [a.yaml, b.yaml, c.yaml]", "top.yaml")).spec
        assert spec.seed == 2 and spec.strategy.params["enter_above"] == "1%"

    def test_mistakes_in_a_base_are_placed_in_the_base(self, write, complaint, tmp_path):
        write(DESK.replace("leverage: 3x", "leverage: 3y"), "base/b.yaml")
        text = complaint("extends: base/b.yaml\nsede: 3")
        assert "desk.yaml:2:1: error: unknown key 'sede', did you mean 'seed'?" in text
        assert "base/b.yaml:5:33: error: found '3y'" in text

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ("bsae.yaml", "desk.yaml:1:10: error: no such file: bsae.yaml, did you mean 'base.yaml'?"),
            ("desk.yaml", "desk.yaml:1:10: error: 'desk.yaml' extends this file in turn; a cycle has no bottom"),
            ("[a.yaml, 5]", "desk.yaml:1:19: error: found 5; expected a file"),
            (".", "no such file"),
            ('"a\\0b"', "expected a file"),
        ],
    )
    def test_bad_extends(self, write, complaint, written, message):
        write(DESK, "base.yaml")
        assert message in complaint(f"extends: {written}")

    def test_a_longer_cycle(self, write, complaint):
        write("extends: desk.yaml", "a.yaml")
        assert "a.yaml:1:10: error: 'desk.yaml' extends this file in turn" in complaint("extends: a.yaml")


class TestOverrides:
    def load(self, write, *overrides):
        return load(write(DESK), overrides)

    def test_set_all_and_delete(self, write):
        spec = self.load(write, "venues.*.fees.taker=1bps", "~strategy.params.enter_above", "seed=11",
                         "data.window=[2023-02-01, 2023-03-01]").spec  # fmt: skip
        assert [venue.fees.taker for venue in spec.venues.values()] == [0.0001, 0.0001]
        assert spec.strategy.params == {"notional": "40%"} and spec.seed == 11
        assert spec.data.window[0] == 1_675_209_600

    def test_null_deletes_and_text_may_be_quoted(self, write):
        event = "tail.script.x={event: price, base: BTC, move: 5%, over: 1d, at: 2023-02-01}"
        found = self.load(write, "strategy.params.enter_above=null", "name='a.b'", event)
        assert found.spec.name == "a.b" and "enter_above" not in found.spec.strategy.params
        assert found.spec.tail.script["x"].move == 0.05

    def test_a_position_in_a_list(self, write):
        assert self.load(write, "carry.bases.0=ETH").spec.pairs.keys() == {"eth-okx", "eth-bybit"}

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("venues.okx.wieght=1", "-S venues.okx.wieght=1: error: unknown key 'wieght', did you mean 'weight'?"),
            ("seed=x", "-S seed=x: error: found 'x'; expected a whole number"),
            ("strategy.params.enter_above=4%,6%", "a list of values expands only in `sweep`"),
            ("strategy.params.enter_above=[4%, 6%]", "a list of values expands only in `sweep`"),
            ("seed", "expected KEY=VALUE"),
            ("=5", "expected KEY=VALUE"),
            ("a..b=5", "expected KEY=VALUE"),
            ("~seed=5", "expected KEY=VALUE"),
            ("", "expected KEY=VALUE"),
            ("~sed", "nothing to delete: no 'sed' in 'the config'"),
            ("~venues.oxk", "nothing to delete: no 'oxk' in 'venues', did you mean 'okx'?"),
            ("limts.*.x=1", "'*' matches nothing"),
            ("tail.script.*.for=1d", "'*' matches nothing"),
            ("capital.amount=5", "'capital' is '1_000_000 USDT', not a map; set 'capital' as a whole"),
            ("seed=[", "not YAML"),
            ("carry.bases.7=ETH", "is a list of 1; expected a position from 0, found '7'"),
            ("pairs.btc-okx.short.leverage=900x", "expected at most"),
        ],
    )
    def test_bad_overrides_name_themselves(self, write, override, message):
        with pytest.raises(ConfigError) as caught:
            self.load(write, override)
        assert message in str(caught.value) and f"-S {override}: error: " in str(caught.value)


class TestPresets:
    def test_the_three_of_this_version_are_there_and_whole(self):
        assert set(preset_names()) >= {"binance", "bybit", "okx"}
        for name in ("binance", "bybit", "okx"):
            path = preset_path(name)
            text = path.read_text()
            assert not isinstance(_read(path, 0, name, name), Mistakes)
            assert "read 2026" in text or "as of" in text, "a preset names its sources"

    @pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
    def test_a_preset_alone_makes_a_venue(self, write, venue):
        text = DESK.replace("{okx: {}, bybit: {}}", f"{{{venue}: {{}}}}").replace("[BTC]", "[BTC, ETH]")
        found = load(write(text)).spec.venues[venue]
        assert found.preset == venue and found.share == 1.0
        assert 0 < found.fees.maker <= found.fees.taker < found.fees.spot_taker == 0.001
        assert found.transfer.fees["USDT"] == 1.0 and found.transfer.delay == 1800
        for symbol in ("BTC/USDT:USDT", "ETH/USDT:USDT"):
            assert found.tiers[symbol][0].floor == 0.0

    def test_the_block_in_force_at_the_windows_start_is_chosen(self, write):
        text = DESK.replace("{okx: {}, bybit: {}}", "{binance: {}}")

        def at(window):
            found = load(write(text), [f"data.window={window}"])
            later = [(at, len(spec.venues["binance"].tiers["BTC/USDT:USDT"])) for at, spec in found.changes]
            return len(found.spec.venues["binance"].tiers["BTC/USDT:USDT"]), " ".join(found.warnings), later

        assert at("[2023-01-01, 2024-01-01]") == (10, "", [])
        assert at("[2024-10-24, 2025-01-01]")[0] == 12
        count, warning, later = at("[2024-01-01, 2025-01-01]")
        assert count == 10 and (int(datetime(2024, 10, 24, tzinfo=UTC).timestamp()), 12) in later
        count, warning, _ = at("[2021-01-01, 2021-06-01]")
        assert count == 10 and "binance tiers: known from 2022-11-01 on, applied from 2021-01-01 on" in warning

    def test_binances_published_maintenance_amounts_follow(self, write):
        text = DESK.replace("{okx: {}, bybit: {}}", "{binance: {}}")
        tiers = load(write(text)).spec.venues["binance"].tiers["BTC/USDT:USDT"]
        amounts = maintenance_amounts([tier.floor for tier in tiers], [tier.mmr for tier in tiers])
        published = [0, 50, 1300, 16300, 266300, 1266300, 2516300, 5016300, 25016300, 100016300]
        assert list(amounts) == pytest.approx(published)

    def test_what_the_config_says_wins_key_by_key(self, write):
        text = DESK.replace("bybit: {}", "bybit: {fees: {taker: 9bps}, spread: none, transfer: {fee: 2 USDC}, "
                            "tiers: {ETH/USDT:USDT: null}}")  # fmt: skip
        bybit = load(write(text), ["venues.okx.transfer.fee.USDT=5"]).spec.venues["bybit"]
        assert (bybit.fees.taker, bybit.fees.spot_taker, bybit.spread.spot) == (0.0009, 0.001, 0.0)
        assert bybit.transfer.fees == {"USDT": 1.0, "USDC": 2.0} and "ETH/USDT:USDT" not in bybit.tiers
        assert "BTC/USDT:USDT" in bybit.tiers

    def test_fees_none_make_trading_free(self, write):
        found = load(write(DESK.replace("bybit: {}", "bybit: {fees: none, spread: none}"))).spec.venues["bybit"]
        assert (found.fees.spot_taker, found.fees.liquidation, found.spread.derivative) == (0.0, 0.0, 0.0)

    def test_another_name_may_ask_for_a_preset_and_a_name_may_refuse_its_own(self, write, complaint):
        text = DESK.replace("{okx: {}, bybit: {}}", "{desk-a: {preset: okx}, desk-b: {preset: okx}}")
        assert {venue.preset for venue in load(write(text)).spec.venues.values()} == {"okx"}
        text = complaint(DESK.replace("okx: {}", "okx: {preset: none}"))
        assert "desk.yaml:4:10: error: missing 'fees'; " in text and "missing 'spread'" in text
        assert "desk.yaml:4:25: error: no preset 'okex', did you mean 'okx'?" in complaint(
            DESK.replace("okx: {}", "okx: { preset: okex}")
        )

    def test_a_misspelt_venue_hears_of_the_preset(self, complaint):
        assert "did you mean 'okx'?" in complaint(DESK.replace("okx: {}", "okex: {}"))

    def test_stand_ins_are_warned_about_until_replaced(self, write):
        assert any("okx tiers: stand-in" in line for line in load(write(DESK)).warnings)

    def test_own_presets_win_over_the_packaged_ones(self, write, tmp_path):
        write("fees: none\nspread: none\ntransfer: {delay: 0s, fee: 0 USDT}\ntiers: {default: [{floor: 0, mmr: 1%, "
              "max_leverage: 9x}]}", "mine/okx.yaml")  # fmt: skip
        found = load(write(DESK), search=[tmp_path / "mine"]).spec.venues["okx"]
        assert found.fees.taker == 0.0 and found.tiers["default"][0].max_leverage == 9.0

    def test_a_broken_preset_is_reported_in_its_own_file(self, write, tmp_path):
        write("fees: [", "mine/okx.yaml")
        with pytest.raises(ConfigError, match="mine/okx.yaml:1:8: error: not YAML|configs/venues/okx.yaml"):
            load(write(DESK), search=[tmp_path / "mine"])

    def test_a_resolved_tree_does_not_need_the_preset_any_more(self, write, monkeypatch):
        first = load(write(DESK))
        assert first.tree["venues"]["okx"]["preset"] == {"merged": "okx"}
        monkeypatch.setattr("basisbt.config.presets.packaged", lambda *parts: write("", "none/x.txt").parent)
        assert load(write(json.dumps(first.tree), "again.yaml")).spec == first.spec

"""Every mistake is found at its place: `§` marks where the error must point, in the good config changed once."""

import pytest

CASES = {
    # keys
    "unknown key": ("name: two-venues", "§nmae: two-venues", "unknown key 'nmae', did you mean 'name'?"),
    "key of nothing": ("seed: 7", "§zzzz: 7", "unknown key 'zzzz'; expected name, capital"),
    "unknown venue key": ("    weight: 60%", "    §wieght: 60%", "unknown key 'wieght', did you mean 'weight'?"),
    "resolved field": ("    weight: 60%", "    §share: 60%", "unknown key 'share'"),
    "python name": ("fee: 1 USDT}\n  south", "§fees: 1 USDT}\n  south", "unknown key 'fees', did you mean 'fee'?"),
    "unknown event key": ("for: 30d}", "§form: 30d}", "unknown key 'form', did you mean 'for'?"),
    "unknown leg key": ("leverage: 3x}", "§levrage: 3x}", "unknown key 'levrage', did you mean 'leverage'?"),
    "unknown carry key": ("strategy:", "carry: {bases: [ETH], §venus: all, leverage: 3x}\nstrategy:",
                          "unknown key 'venus', did you mean 'venues'?"),
    "duplicate": ("seed: 7", "seed: 7\n§seed: 8", "duplicate key 'seed', first written at line 4"),
    "missing capital": ("§schema: 1\nname: two-venues\ncapital: 1_000_000 USDT", "§schema: 1\nname: two-venues",
                        "missing 'capital'; write `capital: 1_000_000 USDT`"),
    "missing window": ("data:\n  dir: data\n  window: [2023-01-01, 2024-01-01]", "§data:\n  dir: data",
                       "missing 'window'; write `window: [2023-01-01, 2024-01-01]`"),
    "missing fees": ("  south:\n    weight: 40%\n    fees: none", "  §south:\n    weight: 40%", "missing 'fees'; "),
    "missing at": ("freeze: {event: withdrawal_freeze, venue: north, at: 2023-10-20T00:00Z,",
                   "§freeze: {event: withdrawal_freeze, venue: north,", "missing 'at'"),
    # units
    "money without asset": ("1_000_000 USDT", "§1_000_000", "found '1_000_000'; expected an amount and its asset"),
    "money with commas": ("1_000_000 USDT", "§1,000,000 USDT", "expected an amount and its asset"),
    "negative capital": ("1_000_000 USDT", "§-5 USDT", "expected an amount above zero"),
    "fraction in words": ("move: +30%", "move: §30 percent", "found '30 percent'; expected a fraction: 8%"),
    "fee above 10 %": ("spot_taker: 10bps", "spot_taker: §10", "found 10; expected at most 0.1"),
    "negative fee": ("spot_taker: 10bps", "spot_taker: §-1bps", "expected at least 0"),
    "duration bare": ("timeframe: 8h", "timeframe: §8", "found 8; expected a length of time: 30m, 8h"),
    "duration unit": ("delay: 30m", "delay: §30 minutes", "found '30 minutes'; expected a length of time"),
    "leverage": ("leverage: 3x}", "leverage: §3y}", "found '3y'; expected a multiple: 3x or 3"),
    "leverage zero": ("leverage: 3x}", "leverage: §0x}", "above zero"),
    "time in words": ("at: 2023-10-20T00:00Z", "at: §tomorrow", "found 'tomorrow'; expected a time in UTC"),
    "no such day": ("2023-10-20T00:00Z", "§2023-02-30", "a day that exists"),
    "rate": ("2%/y", "§2%/d", "found '2%/d'; expected a rate per year"),
    "seed": ("seed: 7", "seed: §1.5", "found 1.5; expected a whole number"),
    "window backwards": ("[2023-01-01, 2024-01-01]", "§[2024-01-01, 2023-01-01]", "an end after the start"),
    "window of one": ("[2023-01-01, 2024-01-01]", "§[2023-01-01]", "expected a start and an end"),
    "boolean of YAML 1.1": ("policy: stale", "policy: §no", "found 'no'; expected stale or error"),
    "map expected": ("claims: {carry_at: zero}", "claims: §zero", "found 'zero'; expected a map"),
    "text expected": ("use: cash_and_carry", "use: §7", "found 7; expected text"),
    "choice": ("policy: stale", "policy: §stael", "did you mean 'stale'?"),
    # events
    "unknown event": ("event: price", "event: §prise", "did you mean 'price'?"),
    "funding follows": ("half_life: 3d}", "half_life: 3d, funding: §follows}", "how south makes its funding is not known"),
    "end before start": ("freeze: {event: withdrawal_freeze, venue: north, at: 2023-10-20T00:00Z, for: 30d",
                         "§freeze: {event: withdrawal_freeze, venue: north, at: 2023-10-20T00:00Z, until: 2023-10-19",
                         "ends before it starts; expected 'until' after 'at'"),
    "for and until": ("freeze: {event: withdrawal_freeze, venue: north, at: 2023-10-20T00:00Z,",
                      "§freeze: {event: withdrawal_freeze, venue: north, at: 2023-10-20, until: 2023-12-01,",
                      "found both 'for' and 'until'"),
    "hold for": ("rally: {event: price, base: BTC,", "§rally: {event: price, base: BTC, for: 1d,",
                 "found 'for' with `then: hold`"),
    "event venue": ("withdrawal_freeze, venue: north", "withdrawal_freeze, venue: §nroth", "no venue 'nroth', did you"),
    "event symbol": ("symbol: BTC/USDT:USDT, at", "symbol: §BTC/USDT, at", "no pair trades derivative 'BTC/USDT'"),
    "event base": ("base: BTC", "base: §ETH", "no pair has base 'ETH'; expected one of: BTC"),
    "event that is text": ("freeze: {event: withdrawal_freeze, venue: north, at: 2023-10-20T00:00Z, for: 30d}",
                           "freeze: §soon", "found 'soon'; expected a map"),
    # references
    "pair's venue": ("long: {venue: north", "long: {venue: §nort", "no venue 'nort', did you mean 'north'?"),
    "symbol": ("symbol: BTC/USDT}", "symbol: §BTCUSDT}", "is not a ccxt unified symbol"),
    "bases differ": ("symbol: BTC/USDT:USDT, leverage", "symbol: §ETH/USDT:USDT, leverage", "found base ETH; expect"),
    "inverse": ("symbol: BTC/USDT:USDT, leverage", "symbol: §BTC/USD:BTC, leverage", "its margin is the coins of the"),
    "no delivery fee": ("{venue: south, symbol: BTC/USDT:USDT", "{venue: north, symbol: §BTC/USDT:USDT-240329",
                        "is settled, but no fee for that is known at north"),
    "long coin-margined": ("symbol: BTC/USDT}", "symbol: §BTC/USD:BTC, leverage: 2x}", "as the long leg is not del"),
    "long without leverage": ("long: {venue: north, symbol: BTC/USDT}", "§long: {venue: north, symbol: BTC/USDT:USDT}",
                              "missing 'leverage'"),
    "short spot": ("symbol: BTC/USDT:USDT, leverage: 3x", "symbol: §BTC/USDT, leverage: 3x", "it has to be borrowed"),
    "isolated spot": ("symbol: BTC/USDT}", "symbol: BTC/USDT, §margin: isolated}", "'margin' on a spot leg"),
    "leverage on spot": ("symbol: BTC/USDT}", "symbol: BTC/USDT, §leverage: 2x}", "'leverage' on a spot leg"),
    "no leverage": ("short: {venue: south, symbol: BTC/USDT:USDT, leverage: 3x}",
                    "§short: {venue: south, symbol: BTC/USDT:USDT}", "missing 'leverage'; write `leverage: 3x`"),
    "too much leverage": ("leverage: 3x}", "leverage: §60x}", "found 60x; expected at most 50x, the highest at south"),
    "band beside leverage": ("leverage: 3x}", "leverage: 3x, leverage_band: §[4x, 5x]}", "expected one around 3x"),
    "tiers fall": ("tiers:\n      default:\n        - {floor: 0, mmr: 0.5%",
                   "§tiers:\n      default:\n        - {floor: 0, mmr: 2%", "default: tiers must rise in floor"),
    "first tier": ("tiers:\n      default:\n        - {floor: 0", "§tiers:\n      default:\n        - {floor: 5",
                   "the first tier must have `floor: 0`"),
    "index": ("  timeframe: 8h", "  timeframe: 8h\n  index: {BTC: §okx}", "found 'okx'; expected venue:symbol"),
    "other currency": ("capital: 1_000_000 USDT", "capital: §1_000_000 EUR", "capital in EUR is not delivered yet"),
    # weights and money
    "percentages": ("weight: 40%", "weight: §30%", "weights sum to 90 %; expected 100 %"),
    "parts beside percentages": ("weight: 40%", "weight: §2", "found parts beside percentages"),
    "weight in words": ("weight: 40%", "weight: §half", "expected auto, a percentage (60%)"),
    "below zero": ("weight: 40%", "weight: §-40%", "a weight of at least 0"),
    # what is for later
    "limits": ("strategy:", "limits: {custody: §160%}\nstrategy:", "found '160%'; expected at most 1"),
    "too much at one venue": ("strategy:", "limits: {custody: §50%}\nstrategy:", "north begins with 60 % of the capital"),
    "roll of nothing": ("leverage: 3x}", "leverage: 3x, §roll: {before: 2d}}", "'roll' without a contract by rule"),
    "unknown limit": ("strategy:", "limits: {§custdy: 60%}\nstrategy:", "did you mean 'custody'?"),
    "replay": ("tail:", "tail:\n  replay: [{incident: §x}]", "no incident 'x'"),
    "generated market": ("tail:", "tail:\n  sample: {market: §generate}", "`market: generate` is not delivered yet"),
    # samples
    "no paths": ("tail:", "tail:\n  sample: {paths: §0}", "found 0; expected at least 1"),
    "unknown chance": ("tail:", "tail:\n  sample: {§venue_defalt: {}}", "did you mean 'venue_default'?"),
    "p95 below median": (
        "tail:", "tail:\n  sample: {withdrawal_freeze: {rate: 6%/y, §duration: {median: 5d, p95: 2d}}}",
        "found a p95 that is not above the median"),
    "negative gap": (
        "tail:", "tail:\n  sample: {non_convergence: {rate: 1/y, half_life: {median: 1d}, §gap: {median: -1%}}}",
        "`up` says how many are above the index"),
    "mixed signs": (
        "tail:", "tail:\n  sample: {funding: {rate: 1/y, duration: {median: 1d}, §size: {median: -5bps, p95: 9bps}}}",
        "expected two sizes of one sign"),
    "impossible recovery": (  # body mean 20/55: variance between .55 x .1322 + .25 - .2025 and .55 x .3636 + .0475
        "tail:", ("tail:\n  sample: {venue_default: {rate: 3%/y, delay: {median: 800d}, §recovery: "
                  "{mean: 45%, sd: 20%, whole: 25%, nothing: 20%}}}"), "expected one between 34.7% and 49.7%"),
    "recovery below its mass": (
        "tail:", ("tail:\n  sample: {venue_default: {rate: 3%/y, delay: {median: 800d}, §recovery: "
                  "{mean: 20%, sd: 35%, whole: 25%}}}"), "found mean 20%; expected one between 25% and 100%"),
    "freezes without default": (
        "tail:", "tail:\n  sample: {withdrawal_freeze: {rate: 6%/y, duration: {median: 5d}, ends_in_default: §25%}}",
        "need `venue_default: {rate: …, recovery: …, delay: …}`"),
    "too few defaults": (
        "tail:", ("tail:\n  sample: {withdrawal_freeze: {rate: 20%/y, duration: {median: 5d}, ends_in_default: 25%}, "
                  "venue_default: {recovery: {mean: 50%, sd: 20%}, delay: {median: 800d}, rate: §3%/y}}"),
        "north: freezes alone end in 5%/y defaults (20%/y x 0.25), found 3%/y"),
    "nu without t": ("tail:", "tail:\n  sample: {§dependence: {model: hawkes, nu: 4}}",
                     "found 'nu' with `model: hawkes`, which takes branching, half_life"),
    "branching of one": ("tail:", "tail:\n  sample: {dependence: {model: hawkes, branching: §100%}}", "below 1"),
    "horizon": ("tail:", "tail:\n  sample: {horizon: §500d}", "found 500d; expected at most the window, 365d"),
    "expected claims": ("carry_at: zero", "carry_at: §expected", "needs tail.sample.venue_default.recovery"),
    "default beyond one": ("tail:\n  script:", ("tail:\n  script:\n    gone: {event: venue_default, venue: north, "
                                             "at: 2023-11-20, recovery: §220%}"), "expected at most 2"),
    "funding rate": ("tail:\n  script:", ("tail:\n  script:\n    flip: {event: funding, venue: south, "
                                        "symbol: BTC/USDT:USDT, at: 2023-11-01, rate: §-30%}"), "expected at least -0.1"),
    "ruin": ("equity < 50%", "§equity < 50", "expected a share of capital: `equity < 50%`"),
    "margin call": ("ratio < 1.1", "§ratio < 0.9", "expected a multiple of maintenance from 1 up"),
    "classic": ("    weight: 60%", "    weight: 60%\n    account: §clasic", "did you mean 'classic'?"),
    "sweep": ("schema: 1", "schema: 1\nkind: §sweep", "expected `kind: run`; run it with `basisbt sweep`"),
    "schema": ("schema: 1", "schema: §2", "expected `schema: 1`"),
    # YAML
    "tab": ("  dir: data", "§\tdir: data", "tabs"),
    "open bracket": ("[2023-01-01, 2024-01-01]\n  timeframe:", "[2023-01-01, 2024-01-01\n  timeframe§:", "not YAML"),
    "tag": ("seed: 7", "seed: §!!python/object:os.system 7", "found tag"),
    "alias of nothing": ("seed: 7", "seed: §*nothing", "alias *nothing names no finished anchor"),
    "merge key": ("seed: 7", "§<<: {seed: 7}", "merge keys (<<) are not used"),
    "two documents": ("seed: 7", "seed: 7\n§---", "second document"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda name: name.replace(" ", "-"))
def test_a_mistake_is_reported_at_its_place(case, good, complaint):
    old, new, message = CASES[case]
    old = old.replace("§", "")
    assert good.count(old) >= 1
    marked = good.replace(old, new, 1)
    text = complaint(marked.replace("§", ""))
    before = marked[: marked.index("§")]
    place = f"desk.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: error: "
    assert any(line.startswith(place) and message in line for line in text.splitlines()), text


def test_all_mistakes_come_in_one_go_in_the_order_of_the_file(good, complaint):
    bad = good.replace("name: two", "nmae: two").replace("3x", "3y").replace("north, symbol", "nort, symbol")
    bad = bad.replace("withdrawal_freeze, venue: north", "withdrawal_freeze, venue: east")
    places = [line.split(": error")[0] for line in complaint(bad).splitlines() if ": error" in line]
    assert places == ["desk.yaml:2:1", "desk.yaml:27:19", "desk.yaml:28:60", "desk.yaml:35:47"]


def test_the_line_and_a_caret_follow(good, complaint):
    text = complaint(good.replace("weight: 60%", "wieght: 60%"))
    assert text.splitlines()[0] == "desk.yaml:12:5: error: unknown key 'wieght', did you mean 'weight'?"
    assert text.splitlines()[1:3] == ["      wieght: 60%", "      ^"]


def test_a_pair_that_names_a_missing_venue_is_found_although_the_pair_is_broken(good, complaint):
    old, new = "venue: south, symbol: BTC/USDT:USDT, lev", "venue: soth, simbol: BTC/USDT:USDT, lev"
    text = complaint(good.replace(old, new))
    assert "desk.yaml:28:20: error: no venue 'soth', did you mean 'south'?" in text
    assert "desk.yaml:28:26: error: unknown key 'simbol', did you mean 'symbol'?" in text


def test_a_venue_that_null_removed_is_explained(good, complaint):
    start, end = good.index("  south:"), good.index("pairs:")
    text = complaint(good[:start] + "  south:\n" + good[end:])
    assert "no venue 'south'; it is null at desk.yaml:16:3, which removes it: write `south: {}`" in text


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (b"", "the file is empty; expected a map"),
        (b"# only words\n", "the file is empty"),
        (b"- a\n- b\n", "desk.yaml:1:1: error: the file holds a list; expected a map"),
        (b"just text", "the file holds 'just text'"),
        (b"name: \xff\xfe", "desk.yaml:1:7: error: found byte 0xff; expected UTF-8 text"),
        (b"name: a\nseed: \x00", "desk.yaml:2:7: error: found character U+0000"),
        (b"name: \x1b[31m", "found character U+001B"),
        (b"\xef\xbb\xbfnmae: 1", "desk.yaml:1:1: error: unknown key 'nmae'"),
        (b"a: " + b"[" * 5000, "nested deeper than 40 levels"),
        (b"a: &a [1]\nb: &b [*a, *a]\n" + b"".join(
            b"c%d: &%c [%s]\n" % (i, 99 + i, b", ".join([b"*%c" % (98 + i)] * 9)) for i in range(9)), "values once"),
        (b"a: &a [*a]", "names no finished anchor"),
        (b"? [a]\n: b", "found a key that is not text"),
        (b": 1", "desk.yaml:1:1: error: not YAML: expected <block end>, but found ':'"),
        (b"seed: " + b"9" * 5000, "expected a whole number"),
        (b"capital: 1e999 USDT", "expected an amount"),
        ("seed: 7\r\r\n\x85\u2028nmae: 8".encode(), "desk.yaml:5:1: error: unknown key 'nmae'"),
        ("ключ: 1".encode(), "unknown key 'ключ'"),
        (b'"a\\nb": 1', "unknown key"),
        (b"venues: 7\npairs: []\ndata: [1]\nstrategy: x\ntail: 5\nclaims: [zero]", "expected a map"),
        (b"venues: {a: 5, b: [1], c: text}\npairs: {x: 1, y: {long: 1, short: [2]}}", "expected a map"),
        (b"tail: {script: 7}", "expected a map or a list of events"),
        (b"tail: {script: [1, x, {}, {event: [1]}]}", "missing 'event'"),
        (b"tail: {event: price}", "unknown key 'event'"),
        (b"carry: 7", "found 7; expected a map"),
        (b"carry: {bases: BTC, leverage: 3x, layout: star}", "same_venue, all_pairs or {hub: okx}"),
    ],
)  # fmt: skip
def test_bad_input_of_any_kind_is_an_error_with_a_place(found, message, complaint):
    assert message in complaint(found)


def test_a_directory_a_missing_file_and_an_unreadable_one(tmp_path, write, monkeypatch):
    from basisbt.config import load
    from basisbt.errors import ConfigError

    with pytest.raises(ConfigError, match="is a directory; expected a YAML file"):
        load(tmp_path)
    write("a: 1", "desk.yaml")
    with pytest.raises(ConfigError, match=r"dsk.yaml:1:1: error: no such file, did you mean 'desk.yaml'\?"):
        load(tmp_path / "dsk.yaml")
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda self: (_ for _ in ()).throw(PermissionError(13, "denied")))
    with pytest.raises(ConfigError, match="cannot be read: denied"):
        load(tmp_path / "desk.yaml")


def test_a_leg_without_margin_tiers_says_what_to_write(good, complaint):
    text = complaint(good.replace("default:", "ETH/USDT:USDT:"))
    assert "desk.yaml:28:35: error: no margin tiers for BTC/USDT:USDT at south; write `south: {tiers: {BTC/USDT" in text


def test_two_venues_need_a_way_between_them(good, complaint):
    text = complaint(good.replace("    transfer: {delay: 30m, fee: 1 USDT}\n", ""))
    assert "desk.yaml:11:3: error: missing 'transfer'; write `transfer: {delay: 30m, fee: 1 USDT}`" in text
    text = complaint(good.replace("{delay: 30m, fee: 1 USDT}", "{delay: 30m}"))
    assert "desk.yaml:15:5: error: no transfer fee in USDT; write `fee: 1 USDT`" in text


def test_the_right_exit_code():
    from basisbt.errors import ConfigError

    assert ConfigError.exit_code == 2

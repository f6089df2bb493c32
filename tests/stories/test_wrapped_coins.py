"""A long leg that is a claim on the short's coin: 500 WBTC at 100 on a, 500 BTC sold as perpetual on b, for nothing.

It goes where the coin goes, and when it loses its peg no short makes up for it: the story of stETH in June 2022.
"""

import pytest

import basisbt
from tests.stories.test_incidents import CONFIG
from tests.stories.test_rules_from_config import flat, rates

WRAPPED = CONFIG.replace("symbol: BTC/USDT}", "symbol: WBTC/USDT, wraps: BTC}")


@pytest.fixture
def run(tmp_path):
    """run(events, text): the result of the wrapped pair with a script."""
    for place in ("a/WBTC-USDT/trade_1h", "a/BTC-USDT/trade_1h", "b/BTC-USDT_USDT/trade_1h", "b/BTC-USDT_USDT/mark_1h"):
        flat(tmp_path, place)
    rates(tmp_path, "b", 0.0)

    def go(*events, text=WRAPPED, engine="backtrader"):
        file = tmp_path / "run.yaml"
        script = ", ".join(f"e{k}: {{{event}}}" for k, event in enumerate(events))
        file.write_text(text.replace("TAIL", f"{{script: {{{script}}}}}"))
        return basisbt.run(file, engine=engine)

    return go


DEPEG = "event: depeg, asset: WBTC, to: 0.92, at: 2024-01-03"


def test_a_claim_below_its_coin_is_a_loss_that_no_short_makes_up_for(run):
    """500 x 100 x 8 % = 4,000, in the index of the claim: directional."""
    metrics = run(DEPEG).metrics
    assert metrics["pnl"] == pytest.approx(-4_000.0)
    assert metrics["attribution"]["directional"] == pytest.approx(-4_000.0)
    assert metrics["liquidations"] == 0


def test_one_that_comes_back_has_cost_nothing_once_it_is_back(run):
    """Half of it in a day: after 7 days 4,000 / 2^7 = 31.25 at the first close, 2024-01-10T01:00, and the bars after:
    the window ends at 2024-01-11, whose last bar opens 191 h after the onset: 4,000 x 2^(-191/24) = 16.08."""
    assert run(f"{DEPEG}, half_life: 1d").metrics["pnl"] == pytest.approx(-4_000.0 * 2 ** (-191 / 24))


@pytest.mark.parametrize("move", ["price, base: BTC, move: +20%, over: 0s", "squeeze, base: BTC, move: +20%, over: 0s"])
def test_where_the_coin_goes_it_goes_too(run, move):
    """Long +10,000, short -10,000. A squeeze is back at once; a price stays."""
    metrics = run(f"event: {move}, at: 2024-01-02").metrics
    assert metrics["pnl"] == pytest.approx(0.0, abs=1e-6)


def test_both_at_once_are_a_product(run):
    """The coin at 120: the claim at 0.92 of it, 500 x 120 x 8 % = 4,800."""
    rise = "event: price, base: BTC, move: +20%, over: 0s, at: 2024-01-02"
    assert run(rise, DEPEG).metrics["pnl"] == pytest.approx(-4_800.0)


WRONG = [
    ("symbol: WBTC/USDT}", "say `wraps: BTC` there"),
    ("symbol: WBTC/USDT, wraps: ETH}", "WBTC/USDT cannot wrap 'ETH' here; expected a claim on BTC"),
    ("symbol: BTC/USDT, wraps: BTC}", "BTC/USDT cannot wrap 'BTC' here"),
    ('symbol: "WBTC/USDT:USDT", wraps: BTC, leverage: 2x}', "only a spot leg against a linear contract"),
]


@pytest.mark.parametrize(("leg", "says"), WRONG)
def test_what_cannot_be_a_claim_is_an_error(run, leg, says):
    with pytest.raises(basisbt.errors.ConfigError) as caught:
        run(text=CONFIG.replace("symbol: BTC/USDT}", leg))
    assert says in str(caught.value)


def test_a_coin_has_no_peg_but_a_claim_on_it_has(run):
    with pytest.raises(basisbt.errors.ConfigError, match="'BTC' has no peg"):
        run("event: depeg, asset: BTC, to: 0.9, at: 2024-01-03")

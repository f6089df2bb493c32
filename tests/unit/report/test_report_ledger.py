"""The journal as a ledger that another program audits: Beancount's own loader and its realized balances."""

import pytest

import basisbt
from basisbt.report.ledger import account_of, commodity
from tests.support.places import ROOT

loader = pytest.importorskip("beancount.loader", reason="beancount is not installed")


@pytest.mark.parametrize("config", ["01_btc_carry", "04_reduce"])
def test_beancount_finds_no_error_and_the_balances_of_the_equity(config, tmp_path):
    """What Beancount adds up at every venue, at the last index, less what positions are worth, is the equity's column:
    here positions are marked in the wallets of the venue without spot, so only OKX, all spot, is compared."""
    from beancount.core import inventory
    from beancount.core.data import Transaction

    from basisbt.report.ledger import beancount

    run = basisbt.run(ROOT / "configs" / "runs" / f"{config}.yaml", timerange="20230101-20230601", engine="backtrader")
    entries, errors, _ = loader.load_string(beancount(run.journal, "audit"))
    assert errors == []
    found: dict[str, inventory.Inventory] = {}
    for entry in entries:
        for leg in entry.postings if isinstance(entry, Transaction) else ():
            found.setdefault(leg.account, inventory.Inventory()).add_amount(leg.units)
    okx = found["Assets:Okx:Wallet"]
    coins = float(okx.get_currency_units("BTC").number)
    dollars = float(okx.get_currency_units("USDT").number)
    bought = run.fills[(run.fills["venue"] == "okx")]
    held = (bought["quantity"] * bought["side"].map({"buy": 1.0, "sell": -1.0})).sum()
    assert coins == pytest.approx(held, abs=1e-9)
    price = (run.equity["okx"].iloc[-1] - dollars) / coins if coins else None
    assert price is None or 24_000 < price < 60_000  # the index of the last day, nothing else is at OKX
    whole = inventory.Inventory()
    for each in found.values():
        whole.add_inventory(each)
    assert whole.is_small(1e-9)


def test_accounts_and_commodities_as_beancount_takes_them():
    assert account_of("okx wallet") == "Assets:Okx:Wallet" and account_of("okx in_transit") == "Assets:Okx:In:Transit"
    assert account_of("capital") == "Equity:Capital" and account_of("transfer_fee") == "Income:Transfer:Fee"
    assert commodity("1INCH") == "C1INCH" and commodity("usdt") == "USDT"


def test_an_empty_journal_is_a_ledger_too():
    from basisbt.report.ledger import beancount

    run = basisbt.run(ROOT / "configs/runs/01_btc_carry.yaml", timerange="20230101-20230103", engine="backtrader")
    assert loader.load_string(beancount(run.journal.iloc[:0], "none"))[1] == []

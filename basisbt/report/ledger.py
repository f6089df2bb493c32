"""The journal in Beancount's syntax, for an audit by a program that knows nothing of ours: `bean-check FILE`.

Knows postings and accounts. Every posting becomes a transaction of two legs in one commodity; what is at a venue, under
way, claimed or in our bank is an asset, our capital is equity, everything else income. https://beancount.github.io
"""

import re

CAPITAL, INCOME = "Equity:Capital", "Income"


def beancount(journal, name: str) -> str:
    """A whole ledger of a journal's frame (time kind venue instrument source target asset amount reason)."""
    accounts = {each: account_of(each) for each in sorted({*journal["source"], *journal["target"]})}
    if not len(journal):
        return heading(name)
    first = f"{journal['time'].iloc[0]:%Y-%m-%d}"
    out = [heading(name), *(f"{first} open {each}" for each in sorted(set(accounts.values()))), ""]
    for row in journal.itertuples():
        told = " ".join(filter(None, (row.kind, row.venue, row.instrument, row.reason))).replace('"', "'")
        amount, asset = f"{row.amount:.12f}", commodity(row.asset)
        out += [
            f'{row.time:%Y-%m-%d} * "{told}"', f'  time: "{row.time:%H:%M:%S}"',
            f"  {accounts[row.target]}  {amount} {asset}", f"  {accounts[row.source]}  -{amount} {asset}", "",
        ]  # fmt: skip
    return "\n".join(out)


def heading(name: str) -> str:
    """Title and the tolerance: legs are written from one number, so they are equal to the last digit."""
    return f'option "title" "{name.replace(chr(34), chr(39))}"\noption "operating_currency" "USD"\n'


def account_of(name: str) -> str:
    """`okx wallet` as Assets:Okx:Wallet, `capital` as Equity:Capital, `funding` as Income:Funding."""
    if name == "capital":
        return CAPITAL
    words = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
    ours = " " in name or name == "bank"  # reasons for money outside are one word
    if ours and words[-1] in ("loan", "insurance"):
        root = "Liabilities" if words[-1] == "loan" else INCOME
    else:
        root = "Assets" if ours else INCOME
    return ":".join([root, *(part[:1].upper() + part[1:] for part in words)])


def commodity(asset: str) -> str:
    """A coin as Beancount takes it: capitals and digits, a letter first."""
    text = re.sub(r"[^A-Z0-9]", "", asset.upper())
    return text if text[:1].isalpha() else f"C{text}"

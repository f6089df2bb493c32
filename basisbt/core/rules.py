"""What never changes in a run: who trades where, what it costs, how margin steps, how accounts are numbered.

Knows numbers only; names stay outside. Every array is read-only during a run.

Accounts are rows of `book.balance`, one column per asset:
wallets 0..W-1 (the first V are the venues' main accounts, then sub-accounts) · in transit
W+v (money that left venue v) · claim W+V+v · loan W+2V+v · our bank W+3V (what estates
have paid) · insurance W+3V+1+v · the world outside from W+4V+1 on, one row per reason (`CAPITAL`, `PRICE`, ...).
Rows before insurance are ours: their sum at market is marked equity, less unrealised P&L.
"""

from typing import NamedTuple

import numpy as np

# Reasons: outside accounts and kinds of posting at once. Those from FUNDING on are lines of the attribution.
CAPITAL, PRICE, FUNDING, FEE, SPREAD, IMPACT, BORROW, TRANSFER_FEE, LIQUIDATION = range(9)
ADL, CLAWBACK, DEFAULT, RECOVERY, SETTLEMENT_GAP = range(9, 14)
REASONS = 14
# Accumulators of the attribution that are not postings (a price change moves no money).
DIRECTIONAL, BASIS, COLLATERAL = range(14, 17)
LINES = 17
NEVER = 1 << 62  # seconds UTC: an expiry that does not come
# Kinds of posting that stay inside our own accounts.
TRANSFER, LOAN, CONVERSION, CLAIM = range(17, 21)

KIND_NAMES = (
    "deposit", "price", "funding", "fee", "spread", "impact", "borrow", "transfer_fee", "liquidation",
    "adl", "clawback", "default", "recovery", "settlement_gap", "directional", "basis", "collateral",
    "transfer", "loan", "conversion", "claim",
)  # fmt: skip
ATTRIBUTION = {
    "funding": FUNDING, "basis": BASIS, "directional": DIRECTIONAL, "collateral": COLLATERAL, "fee": FEE,
    "spread": SPREAD, "impact": IMPACT, "borrow": BORROW, "transfer_fee": TRANSFER_FEE,
    "liquidation": LIQUIDATION, "adl": ADL, "clawback": CLAWBACK, "default": DEFAULT, "recovery": RECOVERY,
    "settlement_gap": SETTLEMENT_GAP,
}  # fmt: skip


class Rules(NamedTuple):
    """The rules of one world. I instruments, W wallets, V venues, A assets, P pairs, K tiers, M members."""

    venue: np.ndarray  # [I] int64
    wallet: np.ndarray  # [I] int64, the account whose money and coins it moves
    base: np.ndarray  # [I] int64, index of the base asset's USD index
    coin: np.ndarray  # [I] int64, asset of the base
    quote: np.ndarray  # [I] int64, asset in which it is priced
    pays: np.ndarray  # [I] int64, asset in which it settles and charges: the quote, of an inverse contract the coin
    spot: np.ndarray  # [I] bool
    inverse: np.ndarray  # [I] bool, settles in the coin; its position is in quote units
    taker: np.ndarray  # [I] fee, fraction of notional
    maker: np.ndarray  # [I] fee, fraction of notional
    half_spread: np.ndarray  # [I] fraction of price
    liquidation_fee: np.ndarray  # [I] fraction of liquidated notional
    delivery_fee: np.ndarray  # [I] fraction of the notional settled at expiry
    expiry: np.ndarray  # [I] int64 seconds UTC, NEVER for what does not expire
    window: np.ndarray  # [I] int64 seconds before expiry over which the index is averaged
    floor: np.ndarray  # [I, K] notional (settlement asset) at which a tier begins, inclusive; inf beyond the last
    mmr: np.ndarray  # [I, K] maintenance rate
    closing: np.ndarray  # [I] fee of closing at the mark, where the venue counts it into maintenance
    at_entry: np.ndarray  # [I] bool, maintenance is on the notional at entry, not at mark
    slope: np.ndarray  # [I] added to both margin rates per unit of notional (settlement asset); 0 nearly everywhere
    isolated: np.ndarray  # [I] bool, its account margins nothing else, and the main account pays its funding first
    fee_in_base: np.ndarray  # [I] bool, a spot purchase is charged in the coin
    lot: np.ndarray  # [I] units of position (base; inverse: quote) an order is a multiple of; 0: any
    tick: np.ndarray  # [I] quote, limit and stop prices are multiples of it; 0: any
    minimum: np.ndarray  # [I] notional in quote below which an order is refused
    impact: np.ndarray  # [I] factor Y of the square-root law, 0: none
    impact_power: np.ndarray  # [I] its exponent
    impact_bars: np.ndarray  # [I] int64, bars of volume and range behind it
    volume_share: np.ndarray  # [I] share of a bar's volume that a market order may take, inf: any
    funding_interest: np.ndarray  # [I] fraction per 8 h in the venue's funding formula
    funding_damper: np.ndarray  # [I] fraction; 0: none
    funding_divided: np.ndarray  # [I] bool, the whole formula is spread over hours / spread, else the interest only
    funding_spread: np.ndarray  # [I] hours over which a mean premium is paid: 8, at Kraken and FTX 24
    funding_floor: np.ndarray  # [I] fraction per settlement
    funding_cap: np.ndarray  # [I] fraction per settlement
    cum: np.ndarray  # [I, K] maintenance amount, from `maintenance_amounts`
    imr: np.ndarray  # [I, K] initial rate, at least 1 / exchange leverage
    cap: np.ndarray  # [I] notional (settlement asset) beyond which an order is refused
    member: np.ndarray  # [W, M] int64, derivatives of a wallet, -1 after the last
    wallet_venue: np.ndarray  # [W] int64; w for w < V
    settle: np.ndarray  # [W] int64, asset that `move` moves out of an account
    credit: np.ndarray  # [W] bool, what is missing there is lent, not drawn from the insurance fund
    cash: np.ndarray  # [A] bool, a settlement currency (not a coin)
    asset_base: np.ndarray  # [A] int64, base of a coin, -1 for a currency
    counted: np.ndarray  # [W, A, H] share of a coin's value that counts as margin, by bracket; 0: it is no collateral
    bracket: np.ndarray  # [W, A, H] units of the coin at which a bracket begins, inf beyond the last
    coin_margin: np.ndarray  # [W] bool, some coin counts there
    spot_of: np.ndarray  # [W, A] int64, instrument that values a coin there, -1: the index does
    lends: np.ndarray  # [V, A] bool, coins that can be borrowed to be sold
    interest: np.ndarray  # [V, A] of what is owed, per period
    interest_period: np.ndarray  # [V] int64 seconds
    interest_opening: np.ndarray  # [V] periods charged when a loan is taken
    loan_initial: np.ndarray  # [V] margin on borrowed coins, fraction of their value
    loan_maintenance: np.ndarray  # [V]
    fund: np.ndarray  # [V] units of the settlement asset in the insurance fund, inf: it never runs out
    adl_trigger: np.ndarray  # [V] fall of the insurance fund, negative, from which on winners are closed
    forfeits: np.ndarray  # [V] bool, what is left of a liquidated account goes to the fund
    partial: np.ndarray  # [V] bool, liquidation goes down tier by tier
    delay: np.ndarray  # [V] int64 seconds, from withdrawal to arrival
    transfer_fee: np.ndarray  # [V, A] units of the asset, inside the amount
    transfer_minimum: np.ndarray  # [V, A] units of the asset
    long: np.ndarray  # [P] int64 instrument
    short: np.ndarray  # [P] int64 instrument
    share: np.ndarray  # [P] of the strategy's notional
    leverage: np.ndarray  # [P] notional / equity kept for the short leg
    band_low: np.ndarray  # [P] leverage below which collateral is idle
    band_high: np.ndarray  # [P] leverage above which collateral is short
    long_leverage: np.ndarray  # [P] the same of a derivative long leg, 0 where the long leg is spot
    long_band_high: np.ndarray  # [P]
    short_interest: np.ndarray  # [P] a year, on a short leg that is borrowed spot, else 0
    unit: np.ndarray  # [P] base units that both legs are multiples of, 0: any
    backing: np.ndarray  # [P] share of the long leg's coins that counts as margin of an inverse short leg, else 0
    pair_of: np.ndarray  # [I] int64, the first pair with this instrument, -1 none
    leg_of: np.ndarray  # [I] int64, 0 long, 1 short
    by_bid: bool  # a claim counts for what it would fetch, not for `carried`
    carried: float  # what a dollar of claim counts for in marked equity until it is paid, 0..1
    dollar: int  # asset of claims: USD
    first_expiry: int  # the earliest of `expiry`
    most_custody: float  # share of our equity that transfers may bring to one venue, inf: any
    most_leverage: float  # notional of all derivatives over our equity that orders may lead to, inf: any
    charges_interest: bool  # somebody does
    rolls: bool  # some contract is one by rule
    venues: int
    wallets: int
    seconds: int  # length of a bar


def ordinary(instruments, wallets, venues, assets, pairs):
    """The rules that most worlds do without, as fields of `Rules` that change nothing."""
    i, v, p, none = np.zeros(instruments), np.zeros(venues), np.zeros(pairs), np.bool_
    return dict(
        slope=i, closing=i, isolated=i.astype(none), fee_in_base=i.astype(none), lot=i, tick=i, minimum=i, impact=i,
        impact_power=i + 0.5, impact_bars=np.ones(instruments, np.int64), volume_share=i + np.inf, funding_interest=i,
        funding_damper=i, funding_divided=i.astype(none), funding_spread=i + 8.0, funding_floor=i - np.inf,
        funding_cap=i + np.inf, credit=np.ones(wallets, none), lends=np.zeros((venues, assets), none),
        interest=np.zeros((venues, assets)), interest_period=np.full(venues, 3600, np.int64), interest_opening=v,
        loan_initial=v, loan_maintenance=v, fund=v + np.inf, adl_trigger=v - 1.0, forfeits=v.astype(none),
        partial=v.astype(none), long_leverage=p, long_band_high=p, short_interest=p, unit=p, most_custody=np.inf,
        most_leverage=np.inf, charges_interest=False, rolls=False, by_bid=False,
    )  # fmt: skip


def in_transit(v, rules):
    """Account of what has left venue v and has not arrived."""
    return rules.wallets + v


def loan(v, rules):
    """Account of what is owed to venue v: its balance is negative by the debt. Only main accounts owe."""
    return rules.wallets + 2 * rules.venues + v


def claim(v, rules):
    """Account of what the estate of venue v owes us, as it is carried."""
    return rules.wallets + rules.venues + v


def bank(rules):
    """Account of what estates have paid: ours, at no venue."""
    return rules.wallets + 3 * rules.venues


def insurance(v, rules):
    """Account of venue v's insurance fund; not ours."""
    return rules.wallets + 3 * rules.venues + 1 + v


def outside(reason, rules):
    """Account of the world outside for one reason."""
    return rules.wallets + 4 * rules.venues + 1 + reason


def accounts(rules):
    """Number of accounts."""
    return rules.wallets + 4 * rules.venues + 1 + REASONS


def ours(account, rules):
    """Whether an account's balance belongs to marked equity."""
    return account <= rules.wallets + 3 * rules.venues


def maintenance_amounts(floor, mmr):
    """`cum` of each tier, so that margin is continuous at a tier's floor (MODEL.md section 6.1).

    floor, mmr: [K], floors ascending from 0 in quote, rates as fractions. Returns [K] in quote.
    Checked against Binance's published amounts in the tests.
    """
    cum = np.zeros(len(floor))
    for k in range(1, len(floor)):
        if np.isfinite(floor[k]):
            cum[k] = floor[k] * (mmr[k] - mmr[k - 1]) + cum[k - 1]
    return cum

"""Words and figures as a person reads them: amounts, percentages, the lines of the attribution."""

LINE_WORDS = {
    "funding": "funding received", "basis": "basis (hedged price moves)", "directional": "directional (unhedged price)",
    "collateral": "collateral currency",
    "fee": "trading fees", "spread": "half-spreads", "impact": "market impact",
    "borrow": "borrowing", "transfer_fee": "transfer fees", "liquidation": "liquidation fees",
    "adl": "auto-deleveraging",
    "clawback": "clawbacks", "default": "defaults", "recovery": "recoveries", "settlement_gap": "settlement gaps",
}  # fmt: skip


def money(value) -> str:
    """USD with thousands separators, sign kept."""
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:,.2f}"


def percent(value, digits=2) -> str:
    """A fraction as per cent."""
    return "-" if value is None else f"{value * 100.0:.{digits}f} %"


def number(value) -> str:
    """A ratio with two decimals."""
    return "-" if value is None else f"{value:.2f}"

METRIC_WORDS = {
    "pnl": "final equity less capital, USD; over paths: mean", "return_annual": "compound return a year, a fraction",
    "return": "P&L over capital", "volatility_annual": "of daily equity, a year", "sharpe": "less `risk_free`, a year",
    "sortino": "the same against losses only", "max_drawdown": "worst fall from a peak of marked equity, a fraction",
    "max_drawdown_days": "longest time under water", "trapped_days": "days with money at a frozen venue or in a claim",
    "liquidations": "positions closed by a venue for lack of margin", "fills": "orders filled",
    "final_equity": "at market, USD", "accessible_equity": "what could be withdrawn at the end, USD",
    "recovered_equity": "marked, claims at what they will pay, USD", "open_claims": "unpaid claims at face, USD",
    "ruin": "share of paths on which equity falls below `measures.ruin`",
    "margin_call": "share of paths with a margin ratio below `measures.margin_call`",
    "var_95": "loss that 5 % of paths exceed, of capital", "var_99": "loss that 1 % of paths exceed, of capital",
    "var_999": "loss that 0.1 % of paths exceed, of capital",
    "es_95": "mean loss of the worst 5 % of paths, of capital", "es_99": "mean loss of the worst 1 % of paths",
    "es_999": "mean loss of the worst 0.1 % of paths", "tail_cost": "P&L without the events less P&L with them, USD",
    "breakeven_default_rate": "default rate a year and venue at which the mean P&L is nothing",
    "diversification_ratio": "ES 99 of the whole over the sum of its venues' alone; 1: spreading takes nothing away",
    "history_pnl": "P&L of the history run beside the paths, USD", "paths": "how many were sampled",
    "effective_n": "paths that the figures rest on", "tail_index": "shape of the Pareto tail; above 0.5: no variance",
}  # fmt: skip

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

"""What can go wrong: typed events, and what each does to a path. Adding a way to fail is one class here."""

from basisbt.events.effects import Effects, make_overlay
from basisbt.events.kinds import (
    Clawback, Deleveraging, Event, FundingShock, InsuranceDrain, NonConvergence, PriceShock, VenueDefault,
    WithdrawalFreeze, kind_of,
)  # fmt: skip
from basisbt.events.trading import (
    CircuitBreaker, Depeg, ExpiryVolatility, ForcedSettlement, Liquidity, Outage, PriceLimit, Squeeze, VenueClosure,
)  # fmt: skip

__all__ = [
    "CircuitBreaker", "Clawback", "Deleveraging", "Depeg", "Effects", "Event", "ExpiryVolatility", "ForcedSettlement",
    "FundingShock", "InsuranceDrain", "Liquidity", "NonConvergence", "Outage", "PriceLimit", "PriceShock", "Squeeze",
    "VenueClosure", "VenueDefault", "WithdrawalFreeze", "kind_of", "make_overlay",
]  # fmt: skip

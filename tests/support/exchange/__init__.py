"""A venue's public HTTP face on this machine: what it knows, how each venue says it, and what goes wrong on the way."""

from tests.support.exchange.clients import aimed
from tests.support.exchange.faults import Fault, Faults
from tests.support.exchange.server import Exchange
from tests.support.exchange.truth import Coin, Funding, Market, Network, Truth, ms

__all__ = ["Coin", "Exchange", "Fault", "Faults", "Funding", "Market", "Network", "Truth", "aimed", "ms"]

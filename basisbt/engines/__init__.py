"""Drivers of the model: Backtrader bar by bar, and a compiled loop over paths. Neither knows a rule of its own."""

"""Imports: market data that people already have, from other tools' files into the data layout."""

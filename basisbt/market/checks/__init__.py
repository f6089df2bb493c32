"""Checks: what is odd in a data directory, said so that a person can act on it. Repairs nothing."""

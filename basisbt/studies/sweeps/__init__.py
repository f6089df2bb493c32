"""Sweeps: many configs that differ in a few keys, on one machine or many, resumable."""

"""The front end's step, apart from the front end: who reads a wake word's manifest needs no NumPy for it."""

STEP_MS = 10
"""Milliseconds from one row of features to the next, as compiled into `pymicro-features`."""

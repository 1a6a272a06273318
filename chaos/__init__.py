"""Faults on purpose, counted: real programs are killed, cut and hung while a ledger says what must arrive."""

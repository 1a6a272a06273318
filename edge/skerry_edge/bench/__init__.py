"""Timing by one schema, live and in benchmarks."""

"""Skerry on the device: contracts, inference runtime and agent."""

__version__ = "0.1.0"

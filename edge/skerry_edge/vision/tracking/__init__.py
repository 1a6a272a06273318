"""Tracking: which boxes of one picture after the other are the same object."""

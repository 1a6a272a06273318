"""Upkeep: retention and roll-ups, a bounded step at a time, in whichever process holds the lease."""

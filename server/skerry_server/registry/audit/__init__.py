"""The audit: who changed what, sealed into a chain that shows what was done to it."""

"""Backup and restore of the registry, from either database to either; with it the embedded telemetry."""

"""The fleet side of Skerry: ingest, stores, presence, API and dashboard."""

"""The commands below `skerry server` that run the server, and those that look after its ingest."""

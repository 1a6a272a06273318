"""The registry: what the server knows about devices that is no time series; SQLAlchemy on SQLite or PostgreSQL."""

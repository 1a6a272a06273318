"""How a registry of any earlier version becomes one of this version; package data that Alembic runs."""

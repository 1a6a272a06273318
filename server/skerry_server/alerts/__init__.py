"""Alerts: what is watched in the fleet and in the server itself, when people are told of it, and how."""

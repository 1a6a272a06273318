"""The heartbeat: what the machine says of itself, read without ever waiting for it, and when it is sent."""

"""What becomes of an update: its record, what may happen to it, and what follows; pure."""

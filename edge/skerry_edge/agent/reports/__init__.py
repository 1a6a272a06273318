"""What the device tells of itself and of what it found: events, status and state."""

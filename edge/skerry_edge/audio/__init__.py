"""Sound: sources, features and wake words."""

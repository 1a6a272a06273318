"""Sound: sources, features, wake words."""

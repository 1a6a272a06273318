"""A new model tried off the live path, before anything is switched."""

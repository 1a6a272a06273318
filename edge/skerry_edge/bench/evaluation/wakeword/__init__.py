"""Wake words held against recordings with and without them."""

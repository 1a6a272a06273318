"""`skerry fleet`: the fleet from a terminal, as a client of the server's API."""

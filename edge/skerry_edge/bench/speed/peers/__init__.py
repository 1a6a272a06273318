"""Other tools with the same network: each a program of its own that makes the tool's documented call and no more."""

"""The repository of signed releases: its keys, what is published in it, and how it stays fresh."""

"""The agent's configuration file: typed structs by topic, and the checks that only the whole file allows."""

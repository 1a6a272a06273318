"""The agent's two slots: one that runs and one that the next version is built in."""

"""The agent: one small parent, one child a pipeline."""

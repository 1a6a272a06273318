"""The pipelines that a child can run; each imports its runtime in its own process only."""

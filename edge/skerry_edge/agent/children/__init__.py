"""The pipelines' child processes: how the parent starts, judges, replaces and ends them, and the program they run."""

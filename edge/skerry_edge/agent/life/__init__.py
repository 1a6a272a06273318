"""The parent process's own life: its loop, its signals, its lock, its session's name, and how it ended before."""

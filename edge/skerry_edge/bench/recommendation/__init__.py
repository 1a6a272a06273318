"""Which variant of a model to take: the accuracy-latency front, and the pick on it with its reasons."""

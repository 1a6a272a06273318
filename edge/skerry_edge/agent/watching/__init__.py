"""From a network's detections to events: what counts, what it is, where it is, and when that is worth telling."""

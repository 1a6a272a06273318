"""Whether a device can do its work: checks that each say what they found and what to do."""

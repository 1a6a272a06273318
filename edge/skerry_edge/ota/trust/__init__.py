"""What of a repository is believed: metadata, floors, time, and the choice of a target for this device."""

"""What people want of devices: desired state, version by version, and commands with their results."""

"""What the machine says of itself in the kernel's files: heat, clock, power, disk, network."""

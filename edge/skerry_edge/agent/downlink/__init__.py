"""What the fleet tells a device: commands to carry out, and the configuration that it should have."""

"""The way down: desired states and commands from the registry to the devices, over MQTT."""

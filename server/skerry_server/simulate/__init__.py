"""Simulated devices: real MQTT clients that send what real agents send, from a seed."""

"""The whole path on one machine: broker, server, one real agent and a simulated fleet."""

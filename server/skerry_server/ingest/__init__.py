"""From the broker to the stores: nothing is acknowledged before it is durable."""

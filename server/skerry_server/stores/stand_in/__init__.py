"""A stand-in for InfluxDB 2.x and 3, made from their documented HTTP behaviour: for tests and for trials."""

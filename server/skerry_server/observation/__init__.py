"""What the server's processes tell of themselves to Prometheus."""

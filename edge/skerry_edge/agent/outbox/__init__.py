"""Where messages wait for the broker: on disk, in the order of acceptance, until it has acknowledged them."""

"""The spool: deliveries kept on disk, synced, while the store or the registry cannot take them."""

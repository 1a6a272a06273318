"""Programs that cannot live beside Skerry's own packages, each in an environment of its own."""

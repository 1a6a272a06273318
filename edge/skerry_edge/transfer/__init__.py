"""Bounded downloads that go on where they stopped: what `skerry models pull` and updates over the air share."""

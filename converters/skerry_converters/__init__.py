"""Trained networks in, checked bundles for small devices out."""

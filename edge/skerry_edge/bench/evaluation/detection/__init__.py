"""Detectors held against labelled pictures, variant by variant."""

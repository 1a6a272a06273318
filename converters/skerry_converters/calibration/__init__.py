"""Calibration data: read as a stream with the device's own preprocessing, described by a manifest, checked, split."""

"""Accuracy-aware int8: what keeps a network's accuracy on integers, chosen by trial on calibration data alone."""

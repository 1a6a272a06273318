"""Trained networks in their owners' formats, behind one seam."""

"""Darknet in: `.cfg` and `.weights` to a layer list and its weights."""

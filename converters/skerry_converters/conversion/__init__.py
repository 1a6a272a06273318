"""Conversions: a source opened, its targets made and gated, and what passed written as one bundle."""

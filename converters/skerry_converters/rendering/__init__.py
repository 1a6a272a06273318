"""Seeded pictures of roads with signs of the Vienna convention, drawn from geometry of our own."""

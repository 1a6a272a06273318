"""A bundle made again from what it records, and held against itself."""

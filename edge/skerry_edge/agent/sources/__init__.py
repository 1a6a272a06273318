"""A running pipeline's source: opened, watched while it delivers, and opened again when it fails."""

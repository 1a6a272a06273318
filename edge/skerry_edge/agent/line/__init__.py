"""What parent and child say to each other, and both ends of the line that carries it."""

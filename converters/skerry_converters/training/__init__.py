"""Training: a TinyYOLOv2 of any width on rendered scenes or on a person's own pictures, on the CPU."""

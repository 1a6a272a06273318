"""A typed, read-only view of a `.tflite` file, which refuses damaged files and imports no runtime."""

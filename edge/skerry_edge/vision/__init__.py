"""Pictures: sources, preprocessing, decoders, boxes."""

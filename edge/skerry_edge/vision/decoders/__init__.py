"""Raw outputs to boxes: one module per decoder, found by the tag in the manifest."""

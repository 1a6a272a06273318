"""Gates: what an emitted file computes on held-out inputs, measured against its source and judged."""

"""Time-series stores: numbers with a time, behind one Protocol."""

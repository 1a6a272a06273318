"""How well and how fast models run: accuracy on labelled data, and timing by one schema, live and in benchmarks."""

"""How fast models run: every variant in a fresh process, beside other tools, and against an earlier result."""

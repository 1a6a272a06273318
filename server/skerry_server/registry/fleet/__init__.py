"""The fleet as people arrange and look at it: groups, tags, names, lists, numbers."""

"""The agent's part of updates: from orders to what runs, and back where that does not do well."""

"""The pages of the dashboard, one module each: what they read, and what their buttons do."""

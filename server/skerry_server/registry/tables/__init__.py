"""The registry's tables, one module for each idea; `skerry_server.registry.models` gives all of them."""

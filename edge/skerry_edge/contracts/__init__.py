"""What device, server and converters agree on: topics, messages and model bundles."""

"""The commands that look after the registry: `skerry server migrate | backup | restore | audit | erase-device`."""

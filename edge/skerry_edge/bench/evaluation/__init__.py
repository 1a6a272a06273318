"""How well a model does its task on labelled data: `skerry evaluate`."""

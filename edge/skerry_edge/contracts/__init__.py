"""What device, server and converters agree on: topics, messages and model bundles.

Importing the package brings what defines the contract; `bundle`, which opens archives, is imported where one is opened.
"""

from skerry_edge.contracts import codec, errors, manifest, messages, snapshots, topics

__all__ = ["codec", "errors", "manifest", "messages", "snapshots", "topics"]

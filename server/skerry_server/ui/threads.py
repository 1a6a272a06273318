"""The threads of the dashboard: pages read in some, and what every page asks of the registry alone in others."""

from __future__ import annotations

from skerry_server.threads import Threads

PAGES = Threads("page", most=8)
"""What pages read and change; a time-series store that hangs holds no more than these."""
FRAMES = Threads("frame", most=4)
"""What the header says, and who may still look."""

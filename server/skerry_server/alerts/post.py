"""The lookout's post: which lease tells who has it."""

from __future__ import annotations

from skerry_server.post_watch import Post

LEASE = "alerts"
LOOKOUT = Post(
    lease=LEASE,
    vacancy="no process looks at the fleet for alerts: start 'skerry server api' with this registry",
    is_needed=lambda _session: True,
)

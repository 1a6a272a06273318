"""The 20 road-sign classes, in the order of their class ids."""

from __future__ import annotations

SIGN_LABELS: tuple[str, ...] = (
    "stop",
    "give-way",
    "priority-road",
    "no-entry",
    "no-parking",
    "no-overtaking",
    "speed-limit-30",
    "speed-limit-50",
    "speed-limit-80",
    "speed-limit-100",
    "speed-limit-120",
    "end-of-limits",
    "roundabout",
    "ahead-only",
    "turn-right",
    "turn-left",
    "pedestrian-crossing",
    "children",
    "road-works",
    "general-danger",
)
"""Signs B,2 B,1 B,3 C,1 C,18 C,13 C,14 (five) C,17 D,3 D,1 (three) E,12 A,13 A,16 A,32 of the convention."""

"""The words for how a rollout stands, and how each of its devices does."""

from __future__ import annotations

from typing import Literal, get_args

RolloutState = Literal["draft", "running", "paused", "done", "aborted", "rolling-back", "rolled-back"]
"""How a rollout stands:

- ``draft``: made, and perhaps waiting for an approval; nothing has been sent.
- ``running``: its stages follow one another; ``paused``: no further device is ordered anything.
- ``done``: every device has ended; ``aborted``: a person ended it, and what nobody had begun is withdrawn.
- ``rolling-back``: devices that took the release are ordered back; ``rolled-back``: each of them has ended.
"""
ROLLOUT_STATES: tuple[RolloutState, ...] = get_args(RolloutState)
OPEN: tuple[RolloutState, ...] = ("running", "paused", "rolling-back")
"""In these a rollout owns its subject: of the same model, or of the agent, no other one may start."""

ENDED: tuple[RolloutState, ...] = ("done", "aborted", "rolled-back")
"""In these nothing more comes of it by itself."""

DeviceState = Literal[
    "waiting",
    "ordered",
    "committed",
    "rolled-back",
    "refused",
    "failed",
    "timed-out",
    "left-out",
    "returning",
    "returned",
    "not-returned",
]
"""How a device does in a rollout:

- ``waiting``: its turn has not come; ``ordered``: the order is out; ``left-out``: it will not get one any more.
- ``committed``, ``rolled-back``, ``refused``, ``failed``: its own final outcome (contracts/updates.py).
- ``timed-out``: it said nothing final in time.
- ``returning``: it is ordered back to the version before; ``returned``: it has gone back; ``not-returned``: it has not.
"""
DEVICE_STATES: tuple[DeviceState, ...] = get_args(DeviceState)
UNDER_WAY: tuple[DeviceState, ...] = ("ordered", "returning")
"""Each of these has a deadline, so that no device is in progress for ever."""
FAILURES: tuple[DeviceState, ...] = ("rolled-back", "refused", "failed", "timed-out")
REPORTED: tuple[DeviceState, ...] = ("committed", "rolled-back", "refused", "failed")

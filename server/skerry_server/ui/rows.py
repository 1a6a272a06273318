"""Devices and events as rows of text for the dashboard's tables. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from skerry_server.api.schemas import DeviceOut, EventOut

HOT_C = 75.0
NOTHING = "—"
"""What stands where a figure is unknown."""
DIGEST_CHARS = 8
THUMBNAIL_PX = 40
"""As wide as `.sk-shot` in dashboard.css."""
BOX_MARGIN = 1.5
MAX_ZOOMED_PX = 1600.0
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_ORDER = {"offline": 0, "degraded": 1, "online": 2}

Row = dict[str, str | int | bool]


def device_rows(devices: Iterable[DeviceOut], *, now_ms: int) -> list[Row]:
    """Return one row a device: those that need somebody first, then by name."""
    ordered = sorted(devices, key=lambda one: (_ORDER[one.presence], one.device))
    return [device_row(one, now_ms=now_ms) for one in ordered]


def device_row(one: DeviceOut, *, now_ms: int) -> Row:
    """Return a device as a row."""
    return {
        "id": one.device,
        "state": one.presence,
        "device": one.device,
        "place": _place(one),
        "model": "\n".join(map(model_text, one.models)) or NOTHING,
        "temperature": f"{one.temperature_c:.1f} °C" if one.temperature_c is not None else NOTHING,
        "hot": bool(one.throttled) or (one.temperature_c or 0.0) >= HOT_C,
        "seen": ago(one.last_seen_ms, now_ms=now_ms),
        "note": _note(one, now_ms=now_ms),
    }


def event_rows(events: Iterable[EventOut], *, sessions: Mapping[str, str]) -> list[Row]:
    """Return one row an event, in the order given; ``sessions`` are those that the devices are in now."""
    return [
        {
            # The rows of one object are the same row, brought up to date.
            "key": f"{one.device} {one.track}" if one.track else str(one.id),
            "time": clock_time(one.ts_ms),
            "kind": one.kind,
            "label": one.label,
            "device": one.device,
            "score": f"{one.score:.0%}" if one.score is not None else "",
            "latency": latency_text(one.latency_ms),
            "note": _event_note(one, sessions.get(one.device)),
            "snapshot": one.snapshot or "",
            "crop": crop_style(one.snapshot_box),
        }
        for one in events
    ]


def crop_style(box: Sequence[float] | None) -> str:
    """Return the CSS that moves and scales a picture so that ``box`` fills most of a thumbnail of THUMBNAIL_PX.

    The picture's top left corner is to lie in the thumbnail's middle before.
    """
    x_min, y_min, x_max, y_max = (min(1.0, max(0.0, edge)) for edge in box or (0.0, 0.0, 1.0, 1.0))
    width_px = min(MAX_ZOOMED_PX, THUMBNAIL_PX / (BOX_MARGIN * max(x_max - x_min, 1e-6)))
    middle = f"{-50 * (x_min + x_max):.2f}%, {-50 * (y_min + y_max):.2f}%"
    return f"width: {max(THUMBNAIL_PX, width_px):.0f}px; transform: translate({middle})"


def model_text(model: str) -> str:
    """Return a model's name and version, a hash that stands for the version cut to what tells two apart."""
    name, _, version = model.rpartition(" ")
    digest = version.removeprefix("sha256:")
    return f"{name} {digest[:DIGEST_CHARS]}" if digest != version else model


def latency_text(latency_ms: float | None) -> str:
    """Return a latency in whole milliseconds; a shorter one is not called zero."""
    if latency_ms is None:
        return ""
    return f"{latency_ms:.0f} ms" if latency_ms >= 1.0 else "< 1 ms"


def life_text(event: EventOut, session: str | None) -> str:
    """Return how far an object's life has come: that it is in sight, or was, and for how long.

    An agent that died could not tell the end of what it saw; one that started again is in another ``session``.
    """
    if event.phase != "end":
        return "in sight" if session in (None, event.session) else "in sight until the agent ended"
    lasted_s = (event.ts_ms - event.began_ms) // 1000 if event.began_ms is not None else 0
    return f"gone after {_in_largest_unit(lasted_s)}" if lasted_s > 0 else "gone"


def ago(then_ms: int | None, *, now_ms: int) -> str:
    """Return how long ago ``then_ms`` was, in the largest whole unit."""
    if then_ms is None:
        return "never"
    elapsed_s = (now_ms - then_ms) // 1000
    return f"{_in_largest_unit(elapsed_s)} ago" if elapsed_s > 0 else "now"


def _in_largest_unit(elapsed_s: int) -> str:
    seconds, unit = next(step for step in _STEPS if elapsed_s >= step[0])
    return f"{elapsed_s // seconds} {unit}"


def clock_time(ts_ms: int) -> str:
    """Return local time of day, with the date where it is not today's."""
    then = time.localtime(ts_ms / 1000)
    is_today = then[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M", then)


def _note(device: DeviceOut, *, now_ms: int) -> str:
    if device.presence != "online":
        since = ago(device.since_ms, now_ms=now_ms)
        return f"{device.reason or device.presence} ({since})"
    return " · ".join(
        name for name, is_so in (("under-voltage", device.undervoltage), ("throttled", device.throttled)) if is_so
    )


def _place(device: DeviceOut) -> str:
    parts = [device.site, device.board]
    if device.clock_synced is False:
        # Said once here and not under each event: in a container it is so for good.
        parts.append("clock not synchronised")
    return " · ".join(part for part in parts if part)


def _event_note(event: EventOut, session: str | None) -> str:
    notes = [event.message] if event.message else []
    if event.phase != "instant":
        notes.append(life_text(event, session))
    notes += event.zones
    if event.replayed:
        notes.append("sent later")
    return " · ".join(notes)

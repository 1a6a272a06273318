"""The transfers of the fault matrix: a server that misbehaves with metadata, with a file, or with a patch to it.

In each cell the device goes on, or says in one word what it waits for, and never has a file that is another; with the
server right again, the same order is carried out.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from chaos.ota_bad_server import BadServer, Fault, Request, serving
from chaos.ota_cells import Cell, LostError
from chaos.ota_device import HURRIED
from chaos.ota_repositories import Rig, make_rig, model_bytes, model_release
from chaos.ota_victim import Victim

TABLE = "transfer"

OLD, NEW = model_release("1.0.0", 1), model_release("2.0.0", 2)
_NOISE = random.Random(7).randbytes(400_000)  # noqa: S311  # bytes that no compression shortens
OLD_BYTES = model_bytes("1.0.0", weights=_NOISE)
NEW_BYTES = model_bytes("2.0.0", weights=_NOISE[:200_000] + b"new" * 1000 + _NOISE[200_000:])
PATIENCE = replace(HURRIED, stall_s=0.3, least_rate=20_000.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """A way to misbehave, and what a device may do meanwhile: go on (`taken`), or wait for a reason.

    ``elsewhere`` are what else it may do with some files: a root that is not there is the newest, and a patch has the
    full file as the way out.
    """

    name: str
    fault: Fault
    endings: tuple[str, ...]
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"patch": ("taken",)})


def _half(request: Request, content: bytes, _number: int) -> None:
    request.body(content, most=len(content) // 3)


def _missing(request: Request, _content: bytes, _number: int) -> None:
    request.head(404, Content_Length=0)


def _forbidden(request: Request, _content: bytes, _number: int) -> None:
    request.head(403, Content_Length=0)


def _alternating(request: Request, content: bytes, number: int) -> None:
    if number % 2 == 0:
        request.head(500, Content_Length=0)
    else:
        request.body(content)


def _overloaded(request: Request, _content: bytes, _number: int) -> None:
    request.head(503, Content_Length=0, Retry_After="99999999")


def _ranges_ignored(request: Request, content: bytes, number: int) -> None:
    request.head(200, Content_Length=len(content), ETag='"v1"')
    request.wfile.write(content[: len(content) // 2] if number == 0 else content)


def _tag_changed(request: Request, content: bytes, number: int) -> None:
    if number == 0:
        request.body(content[::-1], tag='"v0"', most=len(content) // 2)
    else:
        request.body(content)


def _tag_lies(request: Request, content: bytes, number: int) -> None:
    """Go on with another file under the tag of the first."""
    if number == 0:
        request.body(content[::-1], most=len(content) // 2)
    else:
        request.body(content)


def _stalled(request: Request, content: bytes, _number: int) -> None:
    request.body(content, most=len(content) // 10)
    request.wait(60)


def _silent(request: Request, _content: bytes, _number: int) -> None:
    request.wait(60)


def _dripping(request: Request, content: bytes, _number: int) -> None:
    request.head(200, Content_Length=len(content), ETag='"v1"')
    for byte in content[:100]:
        request.wfile.write(bytes((byte,)))
        request.wait(0.05)


def _endless(request: Request, content: bytes, _number: int) -> None:
    request.head(200, ETag='"v1"')
    request.wfile.write(content)
    while not request.server.ending.is_set():
        request.wfile.write(bytes(1 << 16))


def _oversize(request: Request, content: bytes, _number: int) -> None:
    request.body(content + bytes(32 << 20))


def _huge_promise(request: Request, content: bytes, _number: int) -> None:
    request.head(200, Content_Length=10**17, ETag='"v1"')
    request.wfile.write(content)


def _packed(request: Request, content: bytes, _number: int) -> None:
    request.head(200, Content_Length=len(content), Content_Encoding="gzip")
    request.wfile.write(content)


def _wrong_range(request: Request, content: bytes, number: int) -> None:
    if number == 0:
        request.body(content, most=len(content) // 2)
    else:
        end = len(content) - 1
        request.head(206, Content_Length=10, Content_Range=f"bytes {end - 9}-{end}/{len(content)}", ETag='"v1"')
        request.wfile.write(content[-10:])


def _hung_up(request: Request, _content: bytes, _number: int) -> None:
    request.close_connection = True


def _gibberish(request: Request, _content: bytes, _number: int) -> None:
    request.wfile.write(b"\x16\x03\x01 no HTTP at all\r\n\r\n" * 10)


def _in_circles(request: Request, _content: bytes, _number: int) -> None:
    request.head(302, Location=request.path, Content_Length=0)


def _to_a_file(request: Request, _content: bytes, _number: int) -> None:
    request.head(302, Location="file:///etc/passwd", Content_Length=0)


def _portal(request: Request, _content: bytes, _number: int) -> None:
    """Answer as a hotel's network does before somebody signs in."""
    page = b"<html>Welcome! Please accept our terms.</html>"
    request.head(200, Content_Length=len(page), Content_Type="text/html")
    request.wfile.write(page)


_ABSENT = {"root": ("taken",), "patch": ("taken",)}
TROUBLES = (
    Trouble(name="truncated", fault=_half, endings=("taken", "network", "malformed", "mismatch")),
    Trouble(name="404", fault=_missing, endings=("network",), elsewhere=_ABSENT),
    Trouble(name="403", fault=_forbidden, endings=("network",), elsewhere=_ABSENT),
    Trouble(name="alternating 500", fault=_alternating, endings=("taken",)),
    Trouble(name="503 for years", fault=_overloaded, endings=("network",)),
    Trouble(name="Range ignored", fault=_ranges_ignored, endings=("taken", "malformed", "network")),
    Trouble(name="ETag changed", fault=_tag_changed, endings=("taken", "malformed", "network")),
    Trouble(name="ETag that lies", fault=_tag_lies, endings=("taken", "malformed", "network")),
    Trouble(name="stalled", fault=_stalled, endings=("stalled",)),
    Trouble(name="silent", fault=_silent, endings=("stalled",)),
    Trouble(name="dripping", fault=_dripping, endings=("stalled",)),
    Trouble(name="endless", fault=_endless, endings=("length",)),
    Trouble(name="oversize", fault=_oversize, endings=("length",)),
    Trouble(name="100 PB promised", fault=_huge_promise, endings=("length", "network", "taken")),
    Trouble(name="packed", fault=_packed, endings=("length", "taken")),
    Trouble(name="wrong range", fault=_wrong_range, endings=("taken", "network", "mismatch", "malformed")),
    Trouble(name="hung up", fault=_hung_up, endings=("network",)),
    Trouble(name="gibberish", fault=_gibberish, endings=("network",)),
    Trouble(name="redirected in circles", fault=_in_circles, endings=("network",)),
    Trouble(name="redirected to a file", fault=_to_a_file, endings=("network",)),
    Trouble(name="captive portal", fault=_portal, endings=("length", "malformed", "mismatch")),
)
FILES: dict[str, Callable[[str], bool]] = {
    "root": lambda path: path.endswith(".root.json"),
    "timestamp": lambda path: path.endswith("timestamp.json"),
    "snapshot": lambda path: path.endswith(".snapshot.json"),
    "targets": lambda path: path.endswith(".targets.json"),
    "file and patch": lambda path: path.endswith((".skerry", ".zst")),
    "patch": lambda path: path.endswith(".zst"),
}


def cells() -> Iterator[Cell]:
    """Yield every trouble with every kind of file."""
    for trouble in TROUBLES:
        for file in FILES:
            yield Cell(table=TABLE, row=trouble.name, column=file, run=partial(troubled, trouble=trouble, file=file))


def troubled(folder: Path, *, trouble: Trouble, file: str) -> str:
    """Return why the device waited while the server misbehaved, or that it did not have to. Raises LostError."""
    with serving(_pattern().repository.path) as server:
        device = Victim(folder=folder, rig=_pattern(), mirrors=(server.address,), patience=PATIENCE)
        device.settle_in(OLD)
        shutil.rmtree(device.places.ota / "metadata")  # so that all metadata is asked for once more
        server.strikes, server.fault = FILES[file], trouble.fault
        ending = _waited(device, server)
        last = device.reports[-1]
        if last.outcome != "committed" or device.bundle != NEW_BYTES:
            raise LostError(f"it ended for good as {last.outcome}, {last.reason}: {last.detail}")
        if ending not in (*trouble.endings, *trouble.elsewhere.get(file, ())):
            raise LostError(f"ended with '{ending}' instead of {trouble.endings}")
        if not server.struck:
            raise LostError("nothing was asked of the server that it could do badly")
        return ending


def _waited(device: Victim, server: BadServer) -> str:
    """See the order through; the server is right again once the device says what it waits for, which is returned."""
    begun, ending = len(device.reports), "taken"
    for _ in device.live(device.order(NEW)):
        reason = next((one.reason for one in device.reports[begun:] if one.reason), None)
        if reason is not None and server.fault is not None:
            if device.bundle != OLD_BYTES:
                raise LostError(f"what runs was touched while it waited: {reason}")
            server.heal()
            ending = reason
    return ending


@cache
def _pattern() -> Rig:
    rig = make_rig(Path(_PATTERNS.name))
    rig.publish(OLD, OLD_BYTES)
    rig.publish(NEW, NEW_BYTES)
    rig.rotate("root-1")  # so that there is a root to be asked for
    return rig


_PATTERNS = TemporaryDirectory(prefix="skerry-chaos-pattern-")

"""The bundle's file: a gzipped tar with a list of what it holds, readable by its owner alone."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from skerry_edge.agent.support_bundle.contents import Member
from skerry_edge.foundation.atomic import write_atomic

LIST = "CONTENTS.txt"


def pack(members: Iterable[Member], path: Path, *, folder: str) -> list[Member]:
    """Write the members below ``folder`` in the archive, and return them, their list first. Raises ReachError."""
    kept = list(members)
    listing = "".join(f"{len(one.data):>9}  {one.name}  ({one.origin})\n" for one in kept)
    everything = [Member(name=LIST, data=listing.encode(), origin="this bundle"), *kept]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for one in everything:
            info = tarfile.TarInfo(f"{folder}/{one.name}")
            info.size, info.mode = len(one.data), 0o600
            archive.addfile(info, io.BytesIO(one.data))
    write_atomic(path, buffer.getvalue(), mode=0o600)
    return everything

"""What a signed target says of itself: for which boards it is, its release counter, and whether it is a patch.

A target of the TUF repository carries it as custom metadata, `{"skerry": {...}}`. The server writes it, the device
obeys it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.manifest import NAME_PATTERN, Sha256
from skerry_edge.contracts.patterns import whole

CUSTOM = "skerry"
"""The key of all that is ours, in a target's custom metadata and in the signed part of targets and timestamp."""
ISSUED = "issued"
"""The field of a timestamp's signed part that says when it was signed, in whole Unix seconds."""
AGENT = "skerry"
"""The name of the agent's releases."""

VERSION_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$"
VARIANT_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"
BOARD_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
TAG_PATTERN = r"^[a-z0-9][a-z0-9_]{0,62}$"
SUBJECT_PATTERN = r"^(model|agent)/[a-z0-9][a-z0-9._-]{0,62}$"

MAX_TARGET_BYTES = 1 << 30
"""No target is longer; a bundle's files have the same bound."""
MAX_PATCHED_BYTES = 128 << 20
"""Only files up to this length are patched: both of them are in memory while a patch is made or applied."""
MAX_PATCH_SHARE = 0.7
"""A patch is published only where it is shorter than this share of the full file."""
MAX_BOARDS = 64

Kind = Literal["model", "agent"]
Counter = Annotated[int, Meta(ge=1, le=2**53)]
Length = Annotated[int, Meta(ge=1, le=MAX_TARGET_BYTES)]
ReleaseName = Annotated[str, Meta(pattern=whole(NAME_PATTERN))]
ReleaseVersion = Annotated[str, Meta(pattern=whole(VERSION_PATTERN))]
VariantName = Annotated[str, Meta(pattern=whole(VARIANT_PATTERN))]
BoardId = Annotated[str, Meta(pattern=whole(BOARD_PATTERN))]
Tag = Annotated[str, Meta(pattern=whole(TAG_PATTERN))]
Subject = Annotated[str, Meta(pattern=whole(SUBJECT_PATTERN))]
"""A kind and a name, as `model/skerry-signs` or `agent/skerry`: what has one release counter."""

REFUSALS: dict[str, str] = {
    # Of the metadata.
    "unsigned": "the metadata is not signed by enough of the keys that its role has",
    "rollback": "the metadata is older than what the device has seen already",
    "expired": "the metadata has expired by the time that the device knows for sure",
    "frozen": "nothing newer has come for longer than a repository may be silent",
    "mismatch": "the metadata does not belong to the other metadata of the repository",
    "malformed": "the metadata or the order cannot be read",
    # Of the target.
    "terms": "the release is signed with terms that this agent does not understand",
    "not-found": "the repository has no such release for this device",
    "wrong-board": "the release is for other boards",
    "wrong-platform": "the release is for another Python, ABI or platform",
    "agent-too-old": "the release asks for a newer agent",
    "counter": "the release counter is lower than one that the device must not go below",
    "length": "the file is longer or shorter than its metadata says",
    "hash": "the file is not the one that its metadata names",
    "patch": "the patch does not make the file that its metadata names",
    "archive": "the archive holds what it must not",
}
"""Why a release is not trusted, or not for this device."""
REASONS: dict[str, str] = {
    **REFUSALS,
    # Of the way here.
    "network": "the repository cannot be reached, or broke off",
    "stalled": "the file came more slowly than is acceptable",
    "no-space": "there is not enough space for the update",
    "read-only": "the device's state cannot be written",
    "deadline": "the order's deadline has passed",
    "spread": "the device waits for its turn, so that not the whole fleet begins at once",
    "window": "the device waits for its maintenance window",
    # Of the device.
    "not-used": "nothing on the device runs what the order is about",
    "variants": "the pipelines of the device take different variants of the model, and a release brings one",
    "superseded": "a newer order took this one's place",
    "interrupted": "a step of the update was begun too often and never ended",
    "journal": "the device's record of the update was damaged, and the old version was kept",
    # Of the self-test.
    "load": "the new version does not load",
    "golden": "the new version does not compute what its release says that it computes",
    "accuracy": "the new version finds far less, or far more, than the one before it",
    "budget": "the new version is too slow or too large for the device",
    # Of probation.
    "crashed": "the new version crashed",
    "hung": "the new version made no progress",
    "starved": "with the new version no frames or no sound came any more",
    "drops": "with the new version too many frames were dropped",
    "slow": "with the new version an inference took too long",
    "errors": "with the new version too many inferences failed",
    "hot": "with the new version the device became too hot",
    "memory": "the new version took more and more memory",
    "offline": "with the new version the device lost its connection",
}
"""Why a device refuses an update, in one word, and the sentence for people; server and documents share them."""


class _Part(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of what is signed; a field that a device does not know could be a condition, so it is refused."""


class Patch(_Part, frozen=True, kw_only=True):
    """The target is a zstd frame that makes the file ``to`` with the file ``from`` as its raw-content dictionary.

    Lengths are in bytes. The file that it makes is the full target of the same release.
    """

    from_sha256: Sha256
    from_length: Length
    to_sha256: Sha256
    to_length: Length


class Release(_Part, frozen=True, kw_only=True):
    """One target: a model's bundle with a single variant, an agent's wheels, or a patch from an earlier file to it.

    - ``counter`` rises with each release of the same kind and name; a device goes below none that it has committed.
    - ``boards`` are the ids of the boards that may take it, compared whole.
    - ``variant`` is a model's only one. ``minimum_agent`` is the oldest agent that understands the release.
    - ``python``, ``abi`` and ``platform`` are what an agent's wheels need: tags of the wheel format, such as `cp311`,
      `cp311`, `manylinux_2_28_aarch64`; `py3`, `none` and `any` where they need nothing.
    """

    v: Literal[1]
    kind: Kind
    name: ReleaseName
    version: ReleaseVersion
    counter: Counter
    boards: Annotated[tuple[BoardId, ...], Meta(min_length=1, max_length=MAX_BOARDS)]
    variant: VariantName | None = None
    minimum_agent: ReleaseVersion | None = None
    python: Tag | None = None
    abi: Tag | None = None
    platform: Tag | None = None
    patch: Patch | None = None

    @property
    def subject(self) -> str:
        """Return what has this release's counter, as `model/skerry-signs`; the key of orders and floors."""
        return f"{self.kind}/{self.name}"


class Floors(_Part, frozen=True, kw_only=True):
    """What the operator forbids for good, in the signed part of targets: by subject, the lowest counter still allowed.

    A device keeps the highest floor that it was told. A release that is only listed forbids nothing: a canary may have
    had a newer one than the rest of the fleet is to get. ``withdrawn`` are the highest counters of releases that are
    not listed any more, which no later release may have; they are no business of a device.
    """

    v: Literal[1]
    counters: dict[Subject, Counter] = msgspec.field(default_factory=dict)
    withdrawn: dict[Subject, Counter] = msgspec.field(default_factory=dict)


def full_path(release: Release) -> str:
    """Return the target path of the full file: `model/NAME/VERSION/VARIANT.skerry` or `agent/NAME/VERSION/TAG.tar`."""
    if release.kind == "model":
        return f"model/{release.name}/{release.version}/{release.variant}.skerry"
    return f"agent/{release.name}/{release.version}/{release.python}-{release.abi}-{release.platform}.tar"


def target_path(release: Release) -> str:
    """Return the path of the release's own target: that of the full file, or of the patch to it."""
    suffix = f".from-{release.patch.from_sha256[:16]}.zst" if release.patch else ""
    return full_path(release) + suffix


def encode_release(release: Release) -> dict[str, Any]:
    """Return the custom metadata of a target. Raises ReleaseError where it could not be read back."""
    custom: dict[str, Any] = {CUSTOM: msgspec.json.decode(msgspec.json.encode(release))}
    decode_release(target_path(release), custom)
    return custom


def decode_release(path: str, custom: object) -> Release:
    """Return what the custom metadata of the target ``path`` says. Raises ReleaseError, reason ``terms``."""
    if not isinstance(custom, Mapping) or CUSTOM not in custom:
        raise ReleaseError("terms", "the target says nothing of itself", where=path, found=f"no '{CUSTOM}'")
    try:
        release = msgspec.convert(custom[CUSTOM], Release)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ReleaseError(
            "terms", "the target's custom metadata does not fit", where=path, found=str(error)
        ) from error
    _check(release, path)
    return release


def decode_floors(unrecognized: Mapping[str, object]) -> Floors:
    """Return the floors among the further fields of a targets' signed part; without any, none are set.

    Raises ReleaseError, reason ``terms``.
    """
    try:
        return msgspec.convert(unrecognized.get(CUSTOM, {"v": 1}), Floors)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ReleaseError("terms", "the signed floors do not fit", found=str(error)) from error


def _check(release: Release, path: str) -> None:
    """Refuse what each field alone allows and all together do not. Raises ReleaseError."""
    tags = (release.python, release.abi, release.platform)
    if release.kind == "model":
        wrong = "a model has one variant and no tags" if release.variant is None or any(tags) else ""
    else:
        wrong = "an agent has all three tags and no variant" if release.variant is not None or not all(tags) else ""
    wrong = wrong or ("a board is named twice" if len(set(release.boards)) < len(release.boards) else "")
    if wrong:
        raise ReleaseError("terms", "the target's custom metadata does not fit together", where=path, found=wrong)
    if target_path(release) != path:
        raise ReleaseError(
            "terms", "a target does not lie where its release belongs", where=path, found=target_path(release)
        )

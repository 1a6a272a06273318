"""`skerry models`: the models that go by a name, and those of them that are brought from the internet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from skerry_edge.models.pulled import ModelPlace

EPILOG = """\
\b
Examples:
  skerry models list
  skerry models pull yolov2-tiny-voc
  skerry convert yolov2-tiny-voc --to onnx-fp32 --out yolov2-tiny-voc.skerry

\b
Files lie in $XDG_CACHE_HOME/skerry/models/NAME (~/.cache/skerry/models/NAME):
NAME.cfg, NAME.weights and NAME.names, as Darknet's own tools take them too.
"""

LIST_EPILOG = """\
\b
States:
  shipped        comes with Skerry: its name can be given as MODEL
  pulled         is in the cache: `skerry convert NAME` makes a bundle of it
  to be pulled   `skerry models pull NAME` brings it
  in the wheel   came with the extra `wakeword`: `skerry listen NAME`
  extra missing  comes with the extra `wakeword`, which is not installed

\b
Output with --json, an array with an object for each model:
  {"name": "yolov2-tiny-voc", "task": "detection",
   "input": "image 416x416 rgb, letterbox", "size_bytes": 63471560,
   "license": "public domain (Darknet)", "state": "to be pulled",
   "page": "https://pjreddie.com/darknet/yolov2/"}
  "size_bytes" and "page" are null where there is none to tell.
"""

PULL_EPILOG = """\
\b
Examples:
  skerry models pull yolov2-tiny-voc yolo-fastest-voc
  skerry models pull yolov2-tiny-voc --from /media/usb/yolov2-tiny-voc
  skerry models pull yolov2-tiny-voc --from https://mirror.example/models
  SKERRY_MIRROR=https://mirror.example/models skerry models pull yolo-fastest-voc

\b
Output with --json, an array with an object for each NAME:
  {"name": "yolo-fastest-voc", "folder": "/home/me/.cache/skerry/models/yolo-fastest-voc",
   "files": {"yolo-fastest-voc.weights": {"size_bytes": 1262924, "sha256": "f507…"}, …}}
  "folder" is null for a model that is not pulled, as it is here already.

\b
Exit codes:
  0  every NAME is here
  2  wrong usage, or no such model
  3  a wake word, and the extra `wakeword` is not installed
  4  a server, the mirror or the disk failed, or a file is not what it must be
"""

REMOVE_EPILOG = """\
\b
Exit codes:
  0  the files are gone, or were not there
  2  wrong usage, or no model that is pulled
  4  a file cannot be removed
"""


def _complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from skerry_edge.models.entries import known_models  # noqa: PLC0415  # --help stays fast

    return [CompletionItem(name) for name in known_models().darknet if name.startswith(begun)]


_names = click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=_complete)


@click.group(epilog=EPILOG)
def models() -> None:
    """List the models that go by a name, and bring those that Skerry does not ship.

    Shipped models are there at once. Public Darknet networks are downloaded from their makers' sites into a cache, and
    become bundles by `skerry convert NAME`. Wake words come with the extra `wakeword`.
    """


@models.command(name="list", epilog=LIST_EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array with an object for each model.")
def list_command(*, as_json: bool) -> None:
    """List all models: what each is, what it takes, its licence, and whether it is here."""
    from skerry_edge.models.listing import list_models, table_of  # noqa: PLC0415  # numpy and rich; --help stays fast

    found = list_models()
    if as_json:
        import msgspec  # noqa: PLC0415  # --help stays fast

        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    from rich.console import Console  # noqa: PLC0415  # as above

    Console().print(table_of(found))


@models.command(name="pull", epilog=PULL_EPILOG)
@_names
@click.option(
    "--from",
    "mirror",
    envvar="SKERRY_MIRROR",
    show_envvar=True,
    metavar="URL|DIR",
    help="Take the files from below this address or out of this folder, by the names that they have in the cache, and "
    "not from their makers' sites. Sizes and hashes must be the same.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what is there as JSON.")
def pull_command(*, names: tuple[str, ...], mirror: str | None, as_json: bool) -> None:
    """Bring the Darknet network NAME into the cache.

    A download that was cut goes on where it stopped, in this run or the next; one run makes five attempts with growing
    waits. Where a site has changed the file meanwhile, or cannot go on, it begins anew. Redirections that leave https
    are not followed.

    Every file must have the size and hash that the catalogue gives. Where the maker gives no hash, as for
    yolov2-tiny-voc, that of the first pull is kept in first-pull.json, and every later pull must bring the same. A file
    that is another is not kept. Files that are here and right are not downloaded again.

    The environment's https_proxy and no_proxy are heeded. Two pulls of one model wait for each other.
    """
    from skerry_edge.models.choosing import network_to_pull  # noqa: PLC0415  # numpy; --help stays fast
    from skerry_edge.models.pull_progress import shown_progress  # noqa: PLC0415  # rich
    from skerry_edge.models.pulling import parse_mirror, pull  # noqa: PLC0415  # urllib3
    from skerry_edge.transfer.patience import Patience  # noqa: PLC0415  # as above

    source = None if mirror is None else parse_mirror(mirror)
    entries = {name: network_to_pull(name) for name in names}
    places: dict[str, ModelPlace | None] = dict.fromkeys(names)
    with shown_progress() as progress:
        for name, entry in entries.items():
            if entry is not None:
                places[name] = pull(entry, mirror=source, patience=Patience(), progress=progress)
    if as_json:
        click.echo(json.dumps([_plain(name, place) for name, place in places.items()], indent=2))
        return
    for name, place in places.items():
        click.echo(_in_words(name, place))


@models.command(name="remove", epilog=REMOVE_EPILOG)
@_names
def remove_command(*, names: tuple[str, ...]) -> None:
    """Remove the files of the Darknet network NAME from the cache.

    What was noted at its first pull stays, so that a later pull brings the same file or fails.
    """
    from skerry_edge.models.choosing import network_named  # noqa: PLC0415  # --help stays fast
    from skerry_edge.models.pulling import remove  # noqa: PLC0415  # as above

    for name, entry in {name: network_named(name) for name in names}.items():
        files = remove(entry)
        click.echo(f"{name}: {len(files)} files removed" if files else f"{name}: nothing was pulled")


def _plain(name: str, place: ModelPlace | None) -> dict[str, object]:
    from skerry_edge.foundation.file_hash import file_sha256  # noqa: PLC0415  # --help stays fast

    files = (place.cfg, place.weights, place.labels) if place else ()
    return {
        "name": name,
        "folder": str(place.folder) if place else None,
        "files": {one.name: {"size_bytes": one.stat().st_size, "sha256": file_sha256(one)} for one in files},
    }


def _in_words(name: str, place: ModelPlace | None) -> str:
    if place is None:
        return f"{name} is here without being pulled"
    made = f"skerry convert {name} --to onnx-fp32 --out {name}.skerry"
    return f"{name} is in {place.folder}\nmake a bundle of it: {made}"

"""A small bundle that is whole, to be damaged by the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.contracts.bundle import artifact, pack
from skerry_edge.contracts.manifest import Golden, ImageInput, Manifest, Source, Tensor, Variant, YoloRegion

MODEL = b"not really a network"
PICTURE = b"not really a picture"
OUTPUT = b"not really an array"


@pytest.fixture
def manifest() -> Manifest:
    """The manifest of a detector with one variant and its golden input and output."""
    model = artifact("model.onnx", MODEL)
    return Manifest(
        schema=1,
        name="tiny",
        version="1.2.3",
        task="detection",
        labels=("cat", "dog"),
        license="Apache-2.0",
        source=Source(kind="darknet", files={"tiny.cfg": "0" * 64}, options={"resize": "stretch"}),
        input=ImageInput(width=416, height=416),
        output=YoloRegion(classes=2, anchors=((1.0, 2.0), (3.5, 4.0))),
        variants={
            "onnx-fp32": Variant(
                file=model.file,
                size=model.size,
                sha256=model.sha256,
                format="onnx",
                precision="fp32",
                inputs=(Tensor(name="image", shape=(1, 3, 416, 416), layout="NCHW"),),
                outputs=(Tensor(name="out", shape=(1, 14, 13, 13), layout="NCHW"),),
                tools={"onnx": "1.17.0"},
            )
        },
        golden=Golden(
            input=artifact("golden/input.png", PICTURE),
            outputs={"onnx-fp32": (artifact("golden/out.npy", OUTPUT),)},
        ),
    )


@pytest.fixture
def files() -> dict[str, bytes]:
    """The files that the manifest lists."""
    return {"model.onnx": MODEL, "golden/input.png": PICTURE, "golden/out.npy": OUTPUT}


@pytest.fixture
def packed(manifest: Manifest, files: dict[str, bytes], tmp_path: Path) -> Path:
    """The bundle as a file."""
    path = tmp_path / "tiny.skerry"
    path.write_bytes(pack(manifest, files))
    return path


@pytest.fixture
def unpacked(manifest: Manifest, files: dict[str, bytes], tmp_path: Path) -> Path:
    """The bundle as a directory."""
    from skerry_edge.contracts.manifest import encode_manifest

    folder = tmp_path / "tiny"
    for name, data in {"manifest.json": encode_manifest(manifest), **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(params=["packed", "unpacked"])
def bundle_path(request: pytest.FixtureRequest) -> Path:
    """The bundle in both of its shapes."""
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture
def edited(manifest: Manifest) -> Callable[..., bytes]:
    """Return a function that gives the manifest's JSON with values replaced: ``edited({"output.classes": 3})``."""
    import msgspec

    from skerry_edge.contracts.manifest import encode_manifest

    def edit(changes: dict[str, object]) -> bytes:
        tree = msgspec.json.decode(encode_manifest(manifest))
        for path, value in changes.items():
            *parents, last = path.split("/")
            place = tree
            for step in parents:
                place = place[int(step)] if isinstance(place, list) else place[step]
            if value is None:
                del place[last]
            else:
                place[int(last) if isinstance(place, list) else last] = value
        return msgspec.json.encode(tree)

    return edit

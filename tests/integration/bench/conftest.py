"""A network that says of each picture what a table says, labelled folders of such pictures, and `skerry` run here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from skerry_edge.contracts.bundle import artifact, write_bundle
from skerry_edge.contracts.manifest import ImageInput, Manifest, Raw, Source, SsdPostprocess, Tensor, Variant

onnx = pytest.importorskip("onnx", reason="the extra 'convert' is not installed")
SIDE = 8
Row = Sequence[float]
"""What is said of one picture: class, score, and x_min, y_min, x_max, y_max as shares of the picture."""
Said = Sequence[Sequence[Row]]
OBJECT = (
    "<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{x_min}</xmin><ymin>{y_min}</ymin>"
    "<xmax>{x_max}</xmax><ymax>{y_max}</ymax></bndbox></object>"
)


def telling_network(said: Said, *, endless: bool) -> bytes:
    """Return an ONNX file that tells pictures by their colour, and gives the detections that were said of each.

    The outputs are those of SSD's post-processing. An endless one never comes to an answer.
    """
    helper, kinds = onnx.helper, onnx.TensorProto
    most = max(1, *(len(rows) for rows in said))
    table = np.zeros((len(said), most, 6), np.float32)
    for place, rows in enumerate(said):
        table[place, : len(rows)] = np.array(rows, np.float32).reshape(-1, 6)
    constants = {
        "digits": np.array([[1], [256], [0]], np.float32),
        "boxes_said": table[:, :, [3, 2, 5, 4]],
        "classes_said": table[:, :, 0],
        "scores_said": table[:, :, 1],
        "counts_said": np.array([len(rows) for rows in said], np.float32),
        "axis": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["colour"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["colour", "digits"], ["number"]),
        *(endless_loop() if endless else [helper.make_node("Identity", ["number"], ["settled"])]),
        helper.make_node("Round", ["settled"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["column"], to=kinds.INT64),
        helper.make_node("Squeeze", ["column", "axis"], ["place"]),
        *(
            helper.make_node("Gather", [f"{name}_said", "place"], [name], axis=0)
            for name in ("boxes", "classes", "scores", "counts")
        ),
    ]
    shapes = {"boxes": [1, most, 4], "classes": [1, most], "scores": [1, most], "counts": [1]}
    graph = helper.make_graph(
        nodes,
        "telling",
        [helper.make_tensor_value_info("x", kinds.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(name, kinds.FLOAT, shape) for name, shape in shapes.items()],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return bytes(model.SerializeToString())


def endless_loop() -> list[Any]:
    helper, kinds = onnx.helper, onnx.TensorProto
    values = [("step", kinds.INT64, []), ("go_on", kinds.BOOL, []), ("before", kinds.FLOAT, [1, 1])]
    body = helper.make_graph(
        [helper.make_node("Identity", ["go_on"], ["goes_on"]), helper.make_node("Sin", ["before"], ["after"])],
        "body",
        [helper.make_tensor_value_info(*value) for value in values],
        [
            helper.make_tensor_value_info("goes_on", kinds.BOOL, []),
            helper.make_tensor_value_info("after", kinds.FLOAT, [1, 1]),
        ],
    )
    for_ever = onnx.numpy_helper.from_array(np.array(2**62, np.int64))
    yes = onnx.numpy_helper.from_array(np.array(1, np.bool_))
    return [
        helper.make_node("Constant", [], ["for_ever"], value=for_ever),
        helper.make_node("Constant", [], ["yes"], value=yes),
        helper.make_node("Loop", ["for_ever", "yes", "number"], ["settled"], body=body),
    ]


def described(name: str, data: bytes, most: int, model_format: str) -> Variant:
    listed = artifact(f"{name}.{model_format}", data)
    shapes = {"boxes": (1, most, 4), "classes": (1, most), "scores": (1, most), "counts": (1,)}
    return Variant(
        file=listed.file,
        size=listed.size,
        sha256=listed.sha256,
        format=model_format,  # type: ignore[arg-type]
        precision=name.split("-")[1],
        inputs=(Tensor(name="x", shape=(1, 3, SIDE, SIDE), layout="NCHW"),),
        outputs=tuple(Tensor(name=key, shape=shape, layout="0123"[: len(shape)]) for key, shape in shapes.items()),
    )


@pytest.fixture
def telling_bundle(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a bundle from what each variant says.

    A variant named `mcu-…` is one that no computer runs; one in ``endless`` never answers; ``raw`` gives a variant's
    file as it is, whatever it holds.
    """

    def make(
        labels: Sequence[str],
        said: Mapping[str, Said],
        *,
        endless: Sequence[str] = (),
        raw: Mapping[str, bytes] | None = None,
        threshold: float = 0.5,
        output: Raw | None = None,
    ) -> Path:
        files = {name: telling_network(rows, endless=name in endless) for name, rows in said.items()} | dict(raw or {})
        most = {name: max(1, *(len(rows) for rows in one)) for name, one in said.items()}
        variants = {
            name: described(name, data, most.get(name, 1), "mcu" if name.startswith("mcu") else "onnx")
            for name, data in files.items()
        }
        manifest = Manifest(
            schema=1,
            name="telling",
            version="1.0.0",
            task="other" if output else "detection",
            labels=tuple(labels),
            license="Apache-2.0",
            source=Source(kind="test", files={}),
            input=ImageInput(width=SIDE, height=SIDE, scale=(255.0,)),
            output=output or SsdPostprocess(classes=len(labels), score_threshold=threshold),
            variants=variants,
        )
        path = tmp_path / "telling.skerry"
        write_bundle(path, manifest, {variants[name].file: data for name, data in files.items()})
        return path

    return make


@pytest.fixture
def numbered_picture() -> Callable[..., Path]:
    """Return a function that writes the picture that the network knows by a number."""

    def write(path: Path, number: int, *, width: int = 100, height: int = 100) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        red, green = number % 256, number // 256
        assert cv2.imwrite(str(path), np.full((height, width, 3), (0, green, red), np.uint8))
        return path

    return write


@pytest.fixture
def voc_folder(tmp_path: Path, numbered_picture: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that makes a VOC folder: for each picture its objects as (name, x_min, y_min, x_max, y_max).

    Corners are those of the VOC file: pixels that belong to the object, counted from 1.
    """

    def make(*pictures: Sequence[Sequence[object]], width: int = 100, height: int = 100) -> Path:
        folder = tmp_path / "voc"
        size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
        for number, objects in enumerate(pictures):
            numbered_picture(folder / "JPEGImages" / f"{number:03}.png", number, width=width, height=height)
            keys = ("name", "x_min", "y_min", "x_max", "y_max", "difficult")
            listed = "".join(OBJECT.format(**dict(zip(keys, (*one, 0)[:6], strict=True))) for one in objects)
            annotation = folder / "Annotations" / f"{number:03}.xml"
            annotation.parent.mkdir(exist_ok=True)
            annotation.write_text(f"<annotation>{size}{listed}</annotation>")
        return folder

    return make

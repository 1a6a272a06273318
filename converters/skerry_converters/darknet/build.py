"""Sections of a cfg to the layer list, with Darknet's own defaults and its relative layer numbers resolved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skerry_converters.darknet.cfg import MAX_INTEGER, Section, nearest
from skerry_converters.darknet.vocabulary import ALIASES, OTHER_ACTIVATIONS, check_words
from skerry_converters.layers import (
    ACTIVATIONS,
    Activation,
    Convolution,
    Dropout,
    Layer,
    MaxPool,
    Network,
    Region,
    Reorg,
    Route,
    Shape,
    Shortcut,
    Upsample,
    Yolo,
)
from skerry_edge.foundation.errors import ConfigError

MAX_SIDE_PX = 4096
MAX_FILTERS = 65536
MAX_CLASSES = 10000


@dataclass(frozen=True, kw_only=True, slots=True)
class DarknetNetwork:
    """A cfg's layer list, and whether it was trained on letterboxed pictures (`letter_box` of [net])."""

    network: Network
    letter_box: bool


def build_network(sections: Sequence[Section]) -> DarknetNetwork:
    """Turn a cfg's sections into a layer list. Raises ConfigError naming section, line and option."""
    for section in sections:
        check_words(section)
    net = sections[0]
    if _kind(net) != "net":
        raise ConfigError("the first section must be [net]", where=net.where)
    layers: list[Layer] = []
    for section in sections[1:]:
        if _kind(section) == "net":
            raise ConfigError("a second [net] section", where=section.where)
        layers.append(_BUILDERS[_kind(section)](section, len(layers)))
    network = Network(input=_input(net), layers=tuple(layers), where=net.file)
    return DarknetNetwork(network=network, letter_box=bool(net.integer("letter_box", 0, most=1)))


def _kind(section: Section) -> str:
    return ALIASES.get(section.name, section.name)


def _input(net: Section) -> Shape:
    for key in ("width", "height", "channels"):
        if key not in net.options:
            raise ConfigError(f"[net] needs the option '{key}'", where=net.where, todo=f"add '{key}='")
    if net.integer("channels", 3, least=1) != 3:
        raise net.refuse("channels", "only networks on colour pictures are supported", todo="channels=3")
    side = {key: net.integer(key, 0, least=1, most=MAX_SIDE_PX) for key in ("width", "height")}
    return Shape(3, side["height"], side["width"])


def _convolution(section: Section, index: int) -> Layer:
    size = section.integer("size", 1, least=1)
    padding = section.integer("padding", 0)
    return Convolution(
        inputs=(index - 1,),
        where=section.where,
        filters=section.integer("filters", 1, least=1, most=MAX_FILTERS),
        size=size,
        stride=section.integer("stride", 1, least=1),
        padding=size // 2 if section.integer("pad", 0) else padding,
        groups=section.integer("groups", 1, least=1),
        batch_normalize=bool(section.integer("batch_normalize", 0, most=1)),
        activation=_activation(section, "logistic"),
    )


def _max_pool(section: Section, index: int) -> Layer:
    stride = section.integer("stride", 1, least=1)
    size = section.integer("size", stride, least=1)
    padding = section.integer("padding", size - 1)
    return MaxPool(inputs=(index - 1,), where=section.where, size=size, stride=stride, padding=padding)


def _route(section: Section, index: int) -> Layer:
    groups = section.integer("groups", 1, least=1)
    return Route(
        inputs=_earlier(section, "layers", index),
        where=section.where,
        groups=groups,
        group=section.integer("group_id", 0, most=groups - 1),
    )


def _shortcut(section: Section, index: int) -> Layer:
    sources = _earlier(section, "from", index)
    if len(sources) != 1:
        raise section.refuse("from", "a shortcut from several layers is not supported", todo="give one layer")
    return Shortcut(
        inputs=(index - 1, *sources), where=section.where, activation=_activation(section, default="linear")
    )


def _reorg(section: Section, index: int) -> Layer:
    return Reorg(inputs=(index - 1,), where=section.where, stride=section.integer("stride", 1, least=1))


def _upsample(section: Section, index: int) -> Layer:
    return Upsample(inputs=(index - 1,), where=section.where, stride=section.integer("stride", 2, least=1))


def _dropout(section: Section, index: int) -> Layer:
    return Dropout(inputs=(index - 1,), where=section.where)


def _region(section: Section, index: int) -> Layer:
    return Region(
        inputs=(index - 1,),
        where=section.where,
        classes=section.integer("classes", 20, least=1, most=MAX_CLASSES),
        anchors=_anchors(section),
        softmax=bool(section.integer("softmax", 0, most=1)),
    )


def _yolo(section: Section, index: int) -> Layer:
    anchors = _anchors(section)
    mask = tuple(range(len(anchors)))
    if "mask" in section.options:
        mask = section.integers("mask", least=0, most=len(anchors) - 1)
    scale = section.number("scale_x_y", 1.0)
    if scale <= 0:
        raise section.refuse("scale_x_y", "'scale_x_y' must be above 0")
    return Yolo(
        inputs=(index - 1,),
        where=section.where,
        classes=section.integer("classes", 20, least=1, most=MAX_CLASSES),
        anchors_px=tuple(anchors[one] for one in mask),
        scale_x_y=scale,
    )


_BUILDERS: dict[str, Callable[[Section, int], Layer]] = {
    "convolutional": _convolution,
    "maxpool": _max_pool,
    "route": _route,
    "shortcut": _shortcut,
    "reorg": _reorg,
    "upsample": _upsample,
    "dropout": _dropout,
    "region": _region,
    "yolo": _yolo,
}


def _activation(section: Section, default: Activation) -> Activation:
    option = section.options.get("activation")
    if option is None:
        return default
    for known in ACTIVATIONS:
        if option.value == known:
            return known
    if option.value in OTHER_ACTIVATIONS:
        raise section.refuse("activation", "this activation is not supported", todo=f"supported: {_listed()}")
    raise section.refuse("activation", "unknown activation", todo=nearest(option.value, ACTIVATIONS))


def _listed() -> str:
    return ", ".join(ACTIVATIONS)


def _earlier(section: Section, key: str, index: int) -> tuple[int, ...]:
    """Return absolute layer numbers; negative ones in the cfg count back from the layer itself."""
    found = []
    for number in section.integers(key, least=-MAX_INTEGER):
        absolute = index + number if number < 0 else number
        if not 0 <= absolute < index:
            raise section.refuse(
                key, f"layer {index} {_kind(section)}: '{key}' names layer {absolute}, which does not come before it"
            )
        found.append(absolute)
    return tuple(found)


def _anchors(section: Section) -> tuple[tuple[float, float], ...]:
    values = section.numbers("anchors")
    count = section.integer("num", 1, least=1)
    if len(values) != 2 * count:
        raise section.refuse("anchors", f"{len(values)} anchor values for num={count}", todo=f"give {2 * count} values")
    if min(values) <= 0:
        raise section.refuse("anchors", "anchors must be above 0")
    return tuple(zip(values[::2], values[1::2], strict=True))

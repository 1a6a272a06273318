"""The words of Darknet's cfg: which sections and options shape a network, which only train it, which are refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from skerry_converters.darknet.cfg import Section, nearest
from skerry_edge.foundation.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A section's options: ``read`` shape the network, ``only`` must have these values, ``training`` are ignored."""

    read: frozenset[str]
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)
    training: frozenset[str] = frozenset()


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


ALIASES = {"network": "net", "conv": "convolutional", "max": "maxpool"}
"""Darknet's second names of sections (`string_to_layer_type`)."""

_EVERY_LAYER = _set(
    "truth onlyforward stopbackward dontsave learning_rate smooth burnin_update train_only_bn stream wait_stream"
)
_EVERY_LAYER_ONLY = {"dontload": ("0",), "numload": ("0",), "dontloadscales": ("0",)}
_ZERO = ("0",)

SECTIONS: dict[str, Words] = {
    "net": Words(
        read=_set("width height channels letter_box"),
        training=_set(
            "batch subdivisions time_steps notruth random adam B1 B2 eps inputs max_crop min_crop max_ratio min_ratio "
            "center clip angle aspect saturation exposure hue policy burn_in power step scale steps scales seq_scales "
            "gamma max_batches learning_rate momentum decay learning_rate_min sgdr_cycle sgdr_mult track augment_speed "
            "sequential_subdivisions try_fix_nan weights_reject_freq equidistant_point ema_alpha use_cuda_graph "
            "badlabels_rejection_percentage num_sigmas_reject_badlabels loss_scale dynamic_minibatch optimized_memory "
            "workspace_size_limit_MB flip blur gaussian_noise mixup cutmix mosaic mosaic_bound contrastive "
            "contrastive_jit_flip contrastive_color unsupervised label_smooth_eps resize_step attention adversarial_lr "
            "max_chart_loss show_receptive_field seen"
        ),
    ),
    "convolutional": Words(
        read=_set("filters size stride pad padding groups activation batch_normalize"),
        only={
            "dilation": ("1",),
            "flipped": _ZERO,
            "binary": _ZERO,
            "xnor": _ZERO,
            "bin_output": _ZERO,
            "cbn": _ZERO,
            "antialiasing": _ZERO,
            "assisted_excitation": _ZERO,
            "sway": _ZERO,
            "rotate": _ZERO,
            "stretch": _ZERO,
            "stretch_sway": _ZERO,
            "coordconv": _ZERO,
            "reverse": _ZERO,
            "share_index": (),
            "stride_x": (),
            "stride_y": (),
            **_EVERY_LAYER_ONLY,
        },
        training=_set("dot angle grad_centr") | _EVERY_LAYER,
    ),
    "maxpool": Words(
        read=_set("size stride padding"),
        only={
            "maxpool_depth": _ZERO,
            "antialiasing": _ZERO,
            "maxpool_zero_nonmax": _ZERO,
            "out_channels": ("1",),
            "stride_x": (),
            "stride_y": (),
        },
        training=_EVERY_LAYER,
    ),
    "route": Words(read=_set("layers groups group_id"), training=_EVERY_LAYER),
    "shortcut": Words(
        read=_set("from activation"),
        only={
            "alpha": ("1", "1.0"),
            "beta": ("1", "1.0"),
            "weights_type": ("none",),
            "weights_normalization": ("none",),
        },
        training=_EVERY_LAYER,
    ),
    "reorg": Words(
        read=_set("stride"), only={"reverse": _ZERO, "flatten": _ZERO, "extra": _ZERO}, training=_EVERY_LAYER
    ),
    "upsample": Words(read=_set("stride"), only={"scale": ("1", "1.0")}, training=_EVERY_LAYER),
    "dropout": Words(
        read=frozenset(),
        training=_set("probability dropblock dropblock_size_rel dropblock_size_abs") | _EVERY_LAYER,
    ),
    "region": Words(
        read=_set("classes num anchors softmax"),
        only={"coords": ("4",), "background": _ZERO, "tree": ()},
        training=_set(
            "log sqrt max jitter rescore thresh classfix absolute random coord_scale object_scale noobject_scale "
            "mask_scale class_scale bias_match focal_loss resize map"
        )
        | _EVERY_LAYER,
    ),
    "yolo": Words(
        read=_set("classes num mask anchors scale_x_y"),
        only={"new_coords": _ZERO, "nms_kind": ("default", "greedynms")},
        training=_set(
            "max jitter ignore_thresh truth_thresh random resize focal_loss iou_thresh iou_loss iou_normalizer "
            "cls_normalizer obj_normalizer delta_normalizer max_delta label_smooth_eps objectness_smooth beta_nms "
            "iou_thresh_kind counters_per_class show_details track_history_size sim_thresh dets_for_track "
            "dets_for_show track_ciou_norm embedding_layer map"
        )
        | _EVERY_LAYER,
    ),
}
"""The sections that Skerry converts. Names from `parser.c` of Darknet (Debian's) and of AlexeyAB's branch."""

OTHER_SECTIONS = _set(
    "crop cost detection iseg local deconv deconvolutional activation logistic l2norm crnn gru lstm conv_lstm history "
    "rnn conn connected avg avgpool local_avg local_avgpool lrn normalization batchnorm soft softmax scale_channels "
    "sam Gaussian_yolo reorg3d contrastive empty silence implicit"
)
"""Sections of one of the Darknets that Skerry does not convert."""

OTHER_ACTIVATIONS = _set(
    "loggy elu selu relie plse hardtan lhtan ramp tanh stair mish swish hard_mish gelu norm_chan norm_chan_softmax "
    "norm_chan_softmax_maxval"
)
"""Activations of one of the Darknets that Skerry does not convert."""


def check_words(section: Section) -> None:
    """Refuse a section whose name or options mean something else than Skerry computes. Raises ConfigError."""
    name = ALIASES.get(section.name, section.name)
    words = SECTIONS.get(name)
    if words is None:
        raise _unknown_section(section)
    for key, option in section.options.items():
        if key in words.training:
            continue
        if key not in words.read:
            _check_only(section, key, option.value, words)
        if key in section.repeated:
            again = section.repeated[key]
            raise section.refuse(
                key, f"'{key}' stands again on line {again.line}, with another value", todo="keep one of the two"
            )


def _check_only(section: Section, key: str, value: str, words: Words) -> None:
    allowed = words.only.get(key)
    if allowed is None:
        raise _unknown_option(section, key, words)
    if value not in allowed:
        todo = f"supported: {' or '.join(allowed)}" if allowed else "networks that need it cannot be converted"
        raise section.refuse(key, f"[{section.name}] with this '{key}' is not supported", todo=todo)


def _unknown_section(section: Section) -> ConfigError:
    if section.name in OTHER_SECTIONS:
        what, todo = f"the section [{section.name}] is not supported", f"supported: {', '.join(SECTIONS)}"
    else:
        what, todo = f"unknown section [{section.name[:60]}]", nearest(section.name, [*SECTIONS, *ALIASES])
    return ConfigError(what, where=f"{section.file}, line {section.line}", todo=todo)


def _unknown_option(section: Section, key: str, words: Words) -> ConfigError:
    known = sorted({*words.read, *words.only, *words.training})
    advice = nearest(key, known)
    if not advice.startswith("did you mean"):
        advice = "if it concerns training alone, remove the line"
    return section.refuse(key, f"unknown option '{key[:60]}' in [{section.name}]", todo=advice)

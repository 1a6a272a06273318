"""`skerry train`: a detector trained on rendered road signs, or on a person's own pictures."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.extras import install_hint

if TYPE_CHECKING:
    from skerry_converters.training.config import TrainingConfig
    from skerry_converters.training.summary import Summary

RECIPES = Path(__file__).with_name("recipes")
EXAMPLES = {"signs": "skerry-signs.toml", "signs-finish": "skerry-signs-finish.toml", "finetune": "finetune.toml"}

EPILOG = """\
\b
Examples:
  skerry train --example-config finetune > mine.toml
  skerry train --config mine.toml
  skerry train --config mine.toml --out /data/mine --json
  skerry train --example-config signs > signs.toml
  nohup skerry train --config signs.toml > signs.log &

\b
Files in DIR, written every few minutes and at the end:
  NAME.cfg, NAME.weights, NAME.names  the network as Darknet's files, the moving average of its weights
  training.json                       what came of it
  metrics.jsonl, curves.png           loss and AP50 over time
  checkpoint.npz                      what a run goes on from

\b
From there to a bundle:
  skerry convert NAME/NAME.cfg --weights NAME/NAME.weights \\
      --labels NAME/NAME.names --to onnx-fp32 --out NAME.skerry

\b
Exit codes:
  0    trained, or trained already
  1    the loss is no finite number any more; the last checkpoint is good
  2    wrong usage or configuration, or DIR holds a training of another one
  3    TensorFlow is missing
  4    pictures, labels or DIR cannot be read or written, or are damaged
  130  stopped by Ctrl-C or SIGTERM; all is saved
"""


@click.command(epilog=EPILOG)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The configuration (TOML). Relative paths in it are taken from its folder.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The run's folder.  [default: the configuration's name, in the working directory]",
)
@click.option(
    "--example-config",
    type=click.Choice(list(EXAMPLES)),
    help="Train nothing: print a configuration to begin from. signs and then signs-finish are the recipe of "
    "the model that Skerry ships; finetune trains on your own pictures, from that model or from scratch.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as one JSON object.")
def train(
    *,
    config_file: Path | None,
    out: Path | None,
    example_config: str | None,
    as_json: bool,
) -> None:
    """Train a detector on the CPU.

    The network is TinyYOLOv2 of any width. It is trained on road signs that are rendered meanwhile, or on a folder of
    your own pictures with labels of the VOC, YOLO or COCO kind; from scratch, or from a trained model.

    A training that was stopped, killed or struck by a full disk goes on where it was last saved, with the same command.
    The same configuration on the same machine trains on the same pictures in the same order.
    """
    if example_config is not None:
        click.echo((RECIPES / EXAMPLES[example_config]).read_text(encoding="utf-8"), nl=False)
        return
    if config_file is None:
        raise click.UsageError("Missing option '--config'.")
    from skerry_converters.training.config_checks import load_config  # noqa: PLC0415  # --help stays fast

    config = load_config(config_file)
    summary = _trained(config, config_file.absolute().parent, out or Path(config.name), as_json=as_json)
    if as_json:
        import msgspec  # noqa: PLC0415  # --help stays fast

        click.echo(msgspec.json.encode(summary))
    else:
        _show(summary)


def _trained(config: TrainingConfig, base: Path, folder: Path, *, as_json: bool) -> Summary:
    from skerry_converters.training.terminal import watched  # noqa: PLC0415  # --help stays fast
    from skerry_edge.backends.native_output import held_stderr  # noqa: PLC0415  # as above

    if importlib.util.find_spec("tensorflow") is None:
        raise MissingError("training needs TensorFlow", todo=install_hint("train"))
    _set_up_tensorflow(config.run.threads or len(os.sched_getaffinity(0)))
    # While it is imported, TensorFlow tells of every library that it found or did not.
    with held_stderr():
        from skerry_converters.training.job import run_training  # noqa: PLC0415  # imports TensorFlow
    with watched(lines=not as_json) as watcher:
        return run_training(config, base, folder, watcher)


def _set_up_tensorflow(threads: int) -> None:
    """Tell TensorFlow, before it is imported, how to run; what the user has set already holds."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The same run everywhere: no graphics card takes part.
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(threads))
    # One operator after the other: on few cores, several at once only share them.
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


def _show(summary: Summary) -> None:
    figure = "" if summary.ap50 is None else f", AP50 {summary.ap50:.4f} on pictures that it was not trained on"
    click.echo(f"trained {summary.steps} steps in {summary.minutes:.1f} minutes{figure}")
    cfg, weights, labels = (summary.files[role] for role in ("cfg", "weights", "labels"))
    click.echo(
        f"to a bundle: skerry convert {cfg} --weights {weights} --labels {labels} "
        f"--to onnx-fp32 --out {summary.name}.skerry"
    )

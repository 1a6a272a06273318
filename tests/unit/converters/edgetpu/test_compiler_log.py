"""The compiler's output, in the format of its releases 14 to 16."""

from __future__ import annotations

import pytest

from skerry_converters.edgetpu.compiler_log import CompilerLogError, parse_log

LOG = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 2653 ms.

Input model: net.tflite
Input size: 7.31MiB
Output model: net_edgetpu.tflite
Output size: 8.14MiB
On-chip memory used for caching model parameters: 5.90MiB
On-chip memory remaining for caching model parameters: 1.75KiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 17
Operation log: net_edgetpu.log

Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of the model will \
instead run on the CPU, which is slower. If possible, consider updating your model to use only operations supported by \
the Edge TPU. For details, visit g.co/coral/model-reqs.
Number of operations that will run on Edge TPU: 14
Number of operations that will run on CPU: 3

Operator                       Count      Status

CONV_2D                        11         Mapped to Edge TPU
CONV_2D                        2          More than one subgraph is not supported
RESIZE_NEAREST_NEIGHBOR        1          Operation version not supported
MAX_POOL_2D                    3          Mapped to Edge TPU
Compilation child process completed within timeout period.
Compilation succeeded!
"""


def test_version_sizes_and_rows_are_read() -> None:
    log = parse_log(LOG, where="test")

    assert log.version == "16.0.384591198"
    assert (log.subgraphs, log.streamed_bytes) == (1, 0)
    assert (log.on_chip_bytes, log.on_chip_free_bytes) == (round(5.9 * 2**20), 1792)
    assert [(row.name, row.count, row.mapped) for row in log.rows] == [
        ("CONV_2D", 11, True),
        ("CONV_2D", 2, False),
        ("RESIZE_NEAREST_NEIGHBOR", 1, False),
        ("MAX_POOL_2D", 3, True),
    ]
    assert log.mapped_count("CONV_2D") == 11
    assert log.statuses("CONV_2D") == ("More than one subgraph is not supported",)


def test_the_operation_log_alone_can_be_read() -> None:
    text = """\
Edge TPU Compiler version 14.1.317412892
Input: net.tflite
Output: net_edgetpu.tflite

Operator                       Count      Status

QUANTIZE                       1          Operation is otherwise supported, but not mapped due to some unspecified \
limitation
"""
    log = parse_log(text, where="test")

    assert log.rows[0].status.endswith("unspecified limitation")
    assert log.on_chip_bytes is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00\xff garbage",
        "Edge TPU Compiler version 16.0\nInternal compiler error. Aborting!\n",
        LOG.replace("Edge TPU Compiler version", "Another compiler"),
        LOG.replace("Total number of operations: 17", "Total number of operations: 18"),
        LOG[: LOG.index("CONV_2D ")],
        LOG.replace("Operator   ", "Operation  "),
    ],
)
def test_output_that_does_not_add_up_is_refused(text: str) -> None:
    with pytest.raises(CompilerLogError):
        parse_log(text, where="test")

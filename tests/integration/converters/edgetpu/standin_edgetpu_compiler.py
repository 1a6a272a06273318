"""A stand-in for Coral's `edgetpu_compiler`, for tests only: NOT the compiler, and it compiles nothing.

It takes the compiler's options, replaces the operators up to the first that it has not by one custom operator as the
compiler does with what it maps, and prints the log in the compiler's documented format. The environment variable
STANDIN says how else it is to behave.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


def main() -> int:
    """Behave as the compiler would, or as STANDIN says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "--show_operations", action="store_true")
    parser.add_argument("-a", "--enable_multiple_subgraphs", action="store_true")
    parser.add_argument("-o", "--out_dir", type=Path, required=True)
    parser.add_argument("-t", "--timeout_sec", type=int, default=180)
    parser.add_argument("-m", "--min_runtime_version", type=int)
    parser.add_argument("model", type=Path)
    arguments = parser.parse_args()
    Path(os.environ["STANDIN_ARGUMENTS"]).write_text(json.dumps(sys.argv[1:]))
    behaviour = os.environ["STANDIN"]
    print("Edge TPU Compiler version 16.0.0-standin")
    print(f"Started a compilation timeout timer of {arguments.timeout_sec} seconds.", flush=True)
    if behaviour == "hang":
        time.sleep(600)
    if behaviour == "fail":
        print("ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'.\nERROR: Registration failed.")
        return 1
    if behaviour == "crash":
        os.abort()
    if behaviour == "silent":
        return 0
    model = schema.ModelT.InitFromPackedBuf(arguments.model.read_bytes(), 0)
    names = [_name(model, one) for one in model.subgraphs[0].operators]
    lacking = {"LEAKY_RELU", "PRELU"} if behaviour == "without PRELU" else {"LEAKY_RELU"}
    mapped = next((place for place, name in enumerate(names) if name in lacking), len(names))
    mapped = mapped - 1 if behaviour == "fewer" else mapped
    data = _compiled(model, mapped)
    output = arguments.out_dir / f"{arguments.model.stem}_edgetpu.tflite"
    output.write_bytes(data[: len(data) // 2] if behaviour == "damaged" else data)
    if behaviour == "garbage":
        print("\x00\x01 something else entirely")
        return 0
    _log(names, len(names) if behaviour == "lies" else mapped, lacking)
    return 0


def _name(model: schema.ModelT, operator: schema.OperatorT) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    return NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _compiled(model: schema.ModelT, mapped: int) -> bytes:
    graph = model.subgraphs[0]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode, code.version = "edgetpu-custom-op", 1
    model.operatorCodes.append(code)
    custom = schema.OperatorT()
    custom.opcodeIndex = len(model.operatorCodes) - 1
    custom.inputs, custom.outputs = list(graph.inputs), list(graph.operators[mapped - 1].outputs)
    graph.operators = [custom, *graph.operators[mapped:]]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _log(names: list[str], mapped: int, lacking: set[str]) -> None:
    print(
        "\nModel compiled successfully in 12 ms.\n\n"
        "On-chip memory used for caching model parameters: 3.50KiB\n"
        "On-chip memory remaining for caching model parameters: 7.67MiB\n"
        "Off-chip memory used for streaming uncached model parameters: 0.00B\n"
        f"Number of Edge TPU subgraphs: 1\nTotal number of operations: {len(names)}\n"
        "Operation log: net_edgetpu.log\n\n"
        "Operator                       Count      Status\n"
    )
    statuses = [
        "Mapped to Edge TPU"
        if place < mapped
        else "Operation not supported"
        if name in lacking
        else "More than one subgraph is not supported"
        for place, name in enumerate(names)
    ]
    for (name, status), count in Counter(zip(names, statuses, strict=True)).items():
        print(f"{name:<30} {count:<10} {status}")
    print("Compilation child process completed within timeout period.\nCompilation succeeded! ")


if __name__ == "__main__":
    sys.exit(main())

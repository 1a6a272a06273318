"""A model as C source: an array of its bytes, aligned as TensorFlow Lite Micro needs it, and its header."""

from __future__ import annotations

import re

from skerry_edge.foundation.errors import ConfigError

ALIGNMENT = 16
"""TensorFlow Lite Micro reads the flat buffer in place (tflite-micro, `micro/examples/hello_world`)."""
MAX_MODEL_BYTES = 64 << 20
"""Far above the flash of any microcontroller, and some 400 MB of C source."""
BYTES_A_LINE = 12
_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
_TABLE = tuple(f"0x{value:02x}" for value in range(256))


def c_identifier(name: str) -> str:
    """Return a model's name as a C identifier in lower case. Raises ConfigError where none can be made of it."""
    made = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not _IDENTIFIER.match(made):
        raise ConfigError(
            "no C identifier can be made of the model's name",
            found=f"'{name}'",
            todo="begin it with a letter and use at most 63 letters and digits",
        )
    return made


def header(identifier: str) -> str:
    """Return the header that declares the array and its length; it serves C11 and C++11."""
    guard = f"{identifier.upper()}_MODEL_H_"
    return f"""\
#ifndef {guard}
#define {guard}

#ifdef __cplusplus
extern "C" {{
#endif

extern const unsigned char {identifier}_model[];
extern const unsigned int {identifier}_model_len;

#ifdef __cplusplus
}}
#endif

#endif
"""


def source(identifier: str, model: bytes) -> str:
    """Return the source that defines the array; it compiles as C11 and as C++11.

    Raises ConfigError for an empty model and for one beyond MAX_MODEL_BYTES.
    """
    if not 0 < len(model) <= MAX_MODEL_BYTES:
        raise ConfigError(
            "the model cannot be a C array", found=f"{len(model)} bytes", todo=f"1 to {MAX_MODEL_BYTES} bytes"
        )
    lines = (
        "    " + ", ".join(_TABLE[value] for value in model[start : start + BYTES_A_LINE])
        for start in range(0, len(model), BYTES_A_LINE)
    )
    body = ",\n".join(lines)
    return f"""\
#include "{identifier}_model.h"

#ifndef __cplusplus
#include <stdalign.h>
#endif

alignas({ALIGNMENT}) const unsigned char {identifier}_model[] = {{
{body}
}};
const unsigned int {identifier}_model_len = {len(model)}u;
"""

"""Integer files from a TFLite file with float16 weights, as other exporters give them away."""

from skerry_converters.families.apart import make_apart
from skerry_converters.sources.opening import open_source


def test_a_file_with_float16_weights_becomes_int8(keras_model, samples, compare, tmp_path):
    calibration = samples((1, 32, 32, 3))
    for name in ("half", "int8"):
        (tmp_path / name).mkdir()
    half = make_apart("tflite-fp16", open_source(keras_model), calibration, tmp_path / "half")
    source = open_source(half.files[0])
    emitted = make_apart("tflite-int8", source, calibration, tmp_path / "int8")
    assert emitted.macs.integer_share == 1
    assert compare(source, emitted).sqnr_db() > 20

"""Networks for microcontrollers: a C array, TensorFlow Lite Micro's operators, measured memory, parity."""

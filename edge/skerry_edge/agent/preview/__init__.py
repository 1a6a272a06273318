"""The preview: the live picture of one pipeline in a browser, to aim a camera and to draw its zones."""

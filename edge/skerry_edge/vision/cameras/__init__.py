"""Cameras as sources of frames: V4L2, RTSP, and programs that write pictures to a pipe."""

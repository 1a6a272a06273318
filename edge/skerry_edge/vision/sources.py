"""The source that an argument on the command line means."""

from __future__ import annotations

from pathlib import Path

import cv2

from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.images import IMAGE_SUFFIXES
from skerry_edge.vision.stills import StillSource, folder_source
from skerry_edge.vision.video import VIDEO_SUFFIXES, VideoSource


def open_source(name: str) -> StillSource | VideoSource:
    """Open a picture, a folder of pictures or a video: by its ending, or by its content where the ending says nothing.

    Raises ReachError where there is no file or folder of that name, ImageError for a folder without pictures,
    VideoError for a file that opens neither as a picture nor as a video. A picture is read, and may fail, only when
    its turn comes.
    """
    path = Path(name)
    try:
        if name and path.is_dir():
            return folder_source(path)
        if not (name and path.exists()):
            raise ReachError("there is no such file", where=name or "an empty name")
        is_regular = path.is_file()
    except OSError as error:
        raise ReachError("cannot look for the file", where=name, found=error.strerror) from error
    if not is_regular:
        raise ReachError("this is neither a file nor a folder", where=name, todo="save it to a file first")
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES or (suffix not in VIDEO_SUFFIXES and cv2.haveImageReader(name)):
        return StillSource([name])
    return VideoSource(name)

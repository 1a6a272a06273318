"""The process that `Producers` starts: samples until nobody reads them any more."""

from __future__ import annotations

import os
import sys
from itertools import count
from multiprocessing.connection import Connection

import cv2

from skerry_converters.training.fitting import fitted
from skerry_converters.training.producers import Order
from skerry_edge.foundation.errors import SkerryError

NICENESS = 10
"""Training goes first: its threads wait for each other, so one that is held up holds up all."""


def main(descriptor: int) -> None:
    """Make the samples that the other end of ``descriptor`` orders; an error is sent and ends the process."""
    os.nice(NICENESS)
    cv2.setNumThreads(1)
    connection = Connection(descriptor)
    order: Order = connection.recv()
    try:
        for number in count(order.start, order.stride):
            connection.send(_made(order, number))
    except SkerryError as error:
        connection.send(error)
    except (BrokenPipeError, ConnectionResetError):
        return


def _made(order: Order, number: int) -> object:
    return fitted(order.source.sample(number), order.side_px, order.resize)


if __name__ == "__main__":
    main(int(sys.argv[1]))

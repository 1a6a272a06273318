"""Which lines of a write a store will never take, found out where it tells only how many, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from skerry_edge.foundation.errors import DataError

Send = Callable[[Sequence[bytes]], None]


class RejectedLinesError(DataError):
    """A store answered that it did not take all lines of one request, and why.

    - ``which``: the reason by index, where it names each line and has stored all others;
    - ``dropped``: how many it left out, where it counts them and has stored all others;
    - ``suspects``: the lines that the reason given can be about.
    """

    def __init__(
        self,
        reason: str,
        *,
        which: Mapping[int, str] | None = None,
        dropped: int | None = None,
        suspects: Collection[int] = (),
    ) -> None:
        super().__init__(reason)
        self.which = which
        self.dropped = dropped
        self.suspects = frozenset(suspects)

    def tells_lines_apart(self, count: int) -> bool:
        """Tell whether this is about some lines of the ``count``: not what something says that takes nothing at all."""
        return self.which is not None or bool(self.suspects) or (self.dropped is not None and self.dropped < count)


def find_refused(lines: Sequence[bytes], send: Send, confirm: Callable[[str], None]) -> dict[int, str]:
    """Send all ``lines``, and in parts where they are not taken whole; return why, by index, some never are.

    Sending a line again must change nothing. Takes one request where all is well, a handful where the store
    says what is wrong, at worst twice as many as there are lines. ``confirm`` is called once, with the reason, when
    none is known to be taken and none named: it raises where the store refuses everything. Raises that, and what
    ``send`` raises but RejectedLinesError.
    """
    refused: dict[int, str] = {}
    waiting = [list(range(len(lines)))] if lines else []
    is_well = False
    while waiting:
        part = waiting.pop()
        try:
            send([lines[index] for index in part])
        except RejectedLinesError as error:
            if not (is_well or error.tells_lines_apart(len(part))):
                confirm(error.what)
            is_well = True
            if error.which is not None:
                refused |= {part[index]: reason for index, reason in error.which.items()}
            elif len(part) == 1 or error.dropped == len(part):
                refused |= dict.fromkeys(part, error.what)
            else:
                waiting += _split(part, error.suspects)
        else:
            is_well = True
    return refused


def _split(part: list[int], suspects: frozenset[int]) -> list[list[int]]:
    if 0 < len(suspects) < len(part):
        chosen = [number for index, number in enumerate(part) if index in suspects]
        return [chosen, [number for index, number in enumerate(part) if index not in suspects]]
    half = len(part) // 2
    return [part[:half], part[half:]]

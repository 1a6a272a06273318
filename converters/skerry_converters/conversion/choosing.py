"""The targets of a conversion, with the tools that they need set up."""

from __future__ import annotations

from skerry_converters.conversion.progress import Progress
from skerry_converters.families.registry import ALL, Choice, choose_targets, prepare
from skerry_converters.sources.base import SourceFacts
from skerry_edge.foundation.errors import MissingError


def choose(names: tuple[str, ...], facts: SourceFacts, progress: Progress, *, calibrated: bool) -> Choice:
    """Return what to make, the tools with environments of their own set up; `all` leaves out what cannot be made.

    Raises as `choose_targets` and `prepare` for targets that were named.
    """
    choice = choose_targets(names, facts, calibrated=calibrated)
    try:
        prepare(choice, facts, progress.note)
    except MissingError as error:
        if names != (ALL,):
            raise
        kept = tuple(target for target in choice.targets if facts.kind in target.forms)
        reasons = {target.name: str(error) for target in choice.targets if target not in kept}
        return Choice(targets=kept, left_out={**choice.left_out, **reasons})
    return choice

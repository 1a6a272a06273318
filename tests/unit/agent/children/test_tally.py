"""What counts as a pipeline's work for who judges its model."""

from __future__ import annotations

from skerry_edge.agent.children.tally import Tally
from skerry_edge.agent.line.protocol import Progress


def test_muted_sound_shows_that_the_source_lives_and_proves_nothing_of_the_model() -> None:
    tally = Tally()
    tally.progress(Progress(frames=20, unjudged=20), 7.0)
    assert (tally.frames, tally.frame_s, tally.inference_ms) == (0, 7.0, None)
    tally.progress(Progress(frames=5, unjudged=2, stages_ms={"inference": 4.0}), 8.0)
    assert (tally.frames, tally.frame_s, tally.inference_ms) == (3, 8.0, 4.0)


def test_a_picture_that_nothing_moved_in_is_not_lost_and_not_judged() -> None:
    tally = Tally()
    tally.progress(Progress(drops={"no-motion": 3, "behind": 1}), 7.0)
    assert (tally.frames, tally.drops, tally.frame_s) == (0, 1, 7.0)

"""From one pipeline to the one that takes its place: its child loads beside, and takes the source over once it runs."""

from __future__ import annotations

from skerry_edge.agent.children.opener import Opener
from skerry_edge.agent.children.way_back import WayBack
from skerry_edge.agent.children.worker import Worker


class Succession:
    """One change of guard; ``failed`` says why there is none, and then the old one has gone on as it was.

    Between the end of the old child and the first frame of the new one lies only what the source needs to be opened.
    """

    def __init__(self, old: Worker, new: Worker, opener: Opener, now_s: float) -> None:
        """Begin to load the new one's child; ``opener`` is the new one's."""
        self.old = old
        self.new = new
        self.failed: str | None = None
        self.is_done = False
        """Whether the new one has taken over."""
        self.has_left = False
        """Whether the old one was told to make way."""
        self._way = WayBack(
            opener,
            limit_s=new.pipeline.start_deadline_s,
            on_ready=self._make_way,
            on_kept_waiting=old.kill,
            on_failed=self._fail,
        )
        choices = new.pipeline.backend_choices
        self._way.begin(choices[0] if choices else None, now_s)

    @property
    def due_s(self) -> float:
        """When `act` has something to do by itself, on the monotonic clock."""
        return self._way.due_s

    def act(self, now_s: float) -> bool:
        """Do what is due; return whether the new one has taken over."""
        self._way.act(now_s)
        if not self._way.stands_by or self.old.pid is not None:
            return False
        taken = self._way.take_over()
        if taken is None:
            return False
        self.new.inherit(*taken)
        self.is_done = True
        return True

    def drop(self) -> None:
        """Give it up, without a word; harmless once it is done."""
        if not self.is_done:
            self.failed = self.failed or "given up"
            self._way.drop()

    def _make_way(self) -> None:
        self.has_left = True
        self.old.terminate()

    def _fail(self, reason: str) -> None:
        self.failed = reason

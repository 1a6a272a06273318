"""What a simulated device does about the orders that it gets: commands answered once, configurations taken on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Literal

from skerry_edge.contracts.messages import DESIRED_REFUSED, Command, CommandResult, Desired
from skerry_edge.foundation.errors import ConfigError
from skerry_server.simulate.acts import Publish
from skerry_server.simulate.agent import SimulatedAgent
from skerry_server.simulate.commands import Answer, answer
from skerry_server.simulate.orders import Target, judge
from skerry_server.simulate.picture import draw_snapshot
from skerry_server.simulate.voice import Voice

ANSWERS_KEPT = 64
Consequence = Literal["restart", "nothing"]


class Obedience:
    """Acts on ``agent`` and answers through ``voice``; draws nothing by chance, so orders change no other message."""

    def __init__(self, agent: SimulatedAgent, voice: Voice) -> None:
        self._agent = agent
        self._voice = voice
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._refused: str | None = None

    def take_on(self, desired: Desired, now_ms: int) -> list[Publish]:
        """Put a configuration into force, and say so in the state, or say why not."""
        agent = self._agent
        target = Target(
            device=agent.nature.name,
            board=agent.board,
            pipelines=agent.networks,
            has_models=agent.nature.has_models,
        )
        try:
            change = judge(agent.applied, desired, target)
        except ConfigError as error:
            return self.refuse(str(error), now_ms)
        if change is None:
            return []
        self._refused, agent.applied = None, desired
        # Each version is whole: what it does not name is as it was at the beginning.
        agent.networks = agent.nature.networks | change.networks
        agent.interval_ms = agent.nature.interval_ms if change.interval_s is None else round(change.interval_s * 1000)
        return [self._voice.say(agent.state(now_ms), now_ms)]

    def refuse(self, reason: str, now_ms: int) -> list[Publish]:
        """Tell once why a configuration is not in force: it is retained, so it comes with every connection."""
        if reason == self._refused:
            return []
        self._refused = reason
        return [self._voice.say(self._agent.system(DESIRED_REFUSED, reason, now_ms), now_ms)]

    def obey(self, command: Command, now_ms: int) -> tuple[list[Publish], Consequence]:
        """Answer a command, as before where it came before; return also what is to follow."""
        earlier = self._answers.get(command.id)
        if earlier is not None:
            again = Answer(ok=earlier.ok, message=f"done before: {earlier.message}", output={"repeated": "true"})
            return [self._answered(command, again, now_ms)], "nothing"
        agent = self._agent
        given = answer(command, reading=agent.read_clock(now_ms), pipelines=agent.networks, agent_version=agent.version)
        self._answers[command.id] = given
        if len(self._answers) > ANSWERS_KEPT:
            self._answers.popitem(last=False)
        if not given.ok:
            return [self._answered(command, given, now_ms)], "nothing"
        restarts = command.name == "restart" and "pipeline" not in command.args
        return list(self._carry_out(command, given, now_ms)), "restart" if restarts else "nothing"

    def _carry_out(self, command: Command, given: Answer, now_ms: int) -> Iterator[Publish]:
        if command.name == "snapshot":
            yield self._voice.show(command.id, draw_snapshot("now", (0.25, 0.25, 0.75, 0.75)))
        if command.name in ("mute", "unmute"):
            self._agent.is_muted = command.name == "mute"
        yield self._answered(command, given, now_ms)
        if command.name == "rebirth":
            for message in self._agent.birth(now_ms):
                yield self._voice.say(message, now_ms)

    def _answered(self, command: Command, given: Answer, now_ms: int) -> Publish:
        result = CommandResult(
            **self._agent.stamp(now_ms), command=command.id, ok=given.ok, message=given.message, output=given.output
        )
        return self._voice.say(result, now_ms, item=command.id)

"""`skerry fleet send` while it waits: answers as they come, and who is away."""

from __future__ import annotations

from skerry_server.fleet.awaiting import ASKED_PER_S, POLL_S, await_answers, away_text


class Server:
    """Answers each question about a command with the next of its states."""

    def __init__(self, **states):
        self.states = {device: iter(told) for device, told in states.items()}

    def get(self, path):
        device = path.removeprefix("commands/")
        return command(device, next(self.states[device]))


def command(device, state):
    return {"id": device, "device": device, "state": state, "message": "pong", "expires_ms": 1_700_000_000_000}


def test_answers_are_told_as_they_come_and_returned_in_the_order_of_the_devices():
    said, slept = [], []
    found = await_answers(
        Server(a=["waiting", "waiting", "expired"], b=["done"]),
        [command("a", "waiting"), command("b", "waiting")],
        say=lambda line, answered: said.append((line, answered)),
        sleep=slept.append,
    )
    assert said == [("b: done, pong", 1), ("a: expired, pong", 2)]
    assert [(one["device"], one["state"]) for one in found] == [("a", "expired"), ("b", "done")]
    assert slept == [POLL_S] * 3


def test_a_large_group_is_asked_about_no_faster_than_one_visitor_may_ask():
    slept = []
    many = {f"d{number}": ["done"] for number in range(1000)}
    waiting = [command(device, "waiting") for device in many]
    await_answers(Server(**many), waiting, say=lambda *_: None, sleep=slept.append)
    assert slept == [1000 / ASKED_PER_S]


def test_who_is_away_is_named_with_how_not_to_wait():
    ordered = [command("a", "waiting"), command("b", "waiting")]
    text = away_text(ordered, [{"device": "b", "since_ms": 0}, {"device": "other", "since_ms": 0}])
    assert text.startswith("offline: b (since 19")
    assert "--no-wait" in text
    assert "other" not in text
    assert away_text(ordered, []) is None

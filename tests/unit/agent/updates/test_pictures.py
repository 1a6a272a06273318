"""What the device saw last: asked for once, told where it will be, and gone afterwards."""

from __future__ import annotations

import threading
from pathlib import Path

from skerry_edge.agent.line.protocol import LeavePictures, Order
from skerry_edge.agent.updates.pictures import Pictures
from skerry_edge.ota.self_test.live_pictures import live_pictures


def leave(folder: Path, *names: str) -> None:
    """Do as a pipeline does."""
    part = folder.with_name(f"{folder.name}.part")
    part.mkdir(parents=True)
    for name in names:
        (part / name).write_bytes(b"jpeg")
    part.rename(folder)


def test_pipelines_are_asked_once_and_what_they_left_goes(tmp_path: Path) -> None:
    asked: list[tuple[str, Order]] = []

    def order(name: str, given: Order) -> bool:
        asked.append((name, given))
        return True

    pictures = Pictures(tmp_path / "pictures", order)
    places = pictures.places(["gate", "yard"])
    leave(Path(places[1]), "stale.jpg")
    for _ in range(3):
        pictures.ask(["gate", "yard"])
    assert asked == [(name, LeavePictures(folder=place)) for name, place in zip(("gate", "yard"), places, strict=True)]
    assert not Path(places[1]).exists(), "what was left of another trial is no picture of now"
    leave(Path(places[0]), "0.jpg")
    pictures.drop()
    pictures.drop()
    assert list(tmp_path.iterdir()) == []
    pictures.ask(["gate"])
    assert len(asked) == 3


def test_pictures_are_waited_for_until_they_are_whole(tmp_path: Path) -> None:
    late = threading.Timer(0.2, leave, (tmp_path / "yard", "0.jpg", "1.jpg"))
    leave(tmp_path / "gate", "0.jpg")
    late.start()
    found = live_pictures([tmp_path / "gate", tmp_path / "yard"], wait_s=60.0)
    late.join()
    assert [str(one.relative_to(tmp_path)) for one in found] == ["gate/0.jpg", "yard/0.jpg", "yard/1.jpg"]


def test_a_pipeline_that_leaves_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    leave(tmp_path / "gate", "0.jpg")
    assert live_pictures([tmp_path / "gone", tmp_path / "gate"], wait_s=0.2) == (tmp_path / "gate" / "0.jpg",)
    assert live_pictures([]) == ()

"""`skerry demo`: the whole path as its users run it, and that nothing of it stays behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys

import cv2
import httpx
import numpy as np
import psutil
import pytest

SKERRY = [sys.executable, "-m", "skerry_edge"]


def run(*arguments, timeout=240, cwd=None):
    command = [*SKERRY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout, cwd=cwd)


def family(pid):
    """Return a process and all that descend from it."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def alive(processes):
    """Return the command lines of those that still run."""
    found = []
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(one.cmdline()))
    return found


@pytest.fixture
def demo(tmp_path):
    """A demo that runs until the test ends it; gives the process, whose temporary files are in a folder of the test."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    process = subprocess.Popen(
        [*SKERRY, "demo", "--headless", "--duration", "600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(folder)},
        start_new_session=True,
    )
    process.folder = folder
    process.seen = []
    yield process
    for one in [*family(process.pid), *process.seen]:
        if one.is_running():
            one.kill()
    process.communicate(timeout=30)


def is_in_full_swing(demo):
    """Tell whether broker, agent and both pipelines run, and remember all processes seen."""
    demo.seen = family(demo.pid)
    lines = alive(demo.seen)
    children = [line for line in lines if "skerry_edge.agent.children.child" in line]
    return any("iotcore" in line for line in lines) and len(children) >= 2


def test_the_demo_proves_the_whole_path_and_says_what_arrived():
    done = run("demo", "--headless", "--duration", "20")
    assert done.returncode == 0, done.stderr
    assert re.search(r"dashboard +http://127\.0\.0\.1:\d+/", done.stdout)
    for device in ("demo-agent", *(f"sim-{number:04d}" for number in range(1, 13))):
        assert re.search(rf"{device} +│ +[1-9]\d* │", done.stdout), done.stdout
    shown, found = map(int, re.search(r"drive: (\d+) shown, (\d+) of them detected", done.stdout).groups())
    assert 0 < shown <= 2 * found
    assert re.search(r"wakeword +│ Alexa +│ demo-agent", done.stdout)
    assert "capture to decision" in done.stdout
    assert "heartbeats of 13 devices" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_did_not_arrive_is_named_with_exit_code_1(tmp_path):
    import wave

    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32000 * 3))
    done = run("demo", "--headless", "--duration", "3", "--audio", silence)
    assert done.returncode == 1
    assert "a wakeword event of 'demo-agent'" in done.stderr
    assert "a heartbeat" not in done.stderr


def test_an_interrupt_ends_everything_in_order_and_still_tells_what_arrived(demo, eventually):
    eventually(lambda: is_in_full_swing(demo), what="all parts run", deadline_s=90)
    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=60)
    assert "Heartbeats in the store" in out
    assert "Traceback" not in err
    eventually(lambda: not alive(demo.seen), what="no process is left")
    assert list(demo.folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_that_is_ended_while_it_is_made_ready_leaves_nothing_and_gives_no_verdict(demo, eventually, number):
    eventually(lambda: list(demo.folder.iterdir()), what="a temporary folder is there")
    demo.seen = family(demo.pid)
    demo.send_signal(number)
    _, err = demo.communicate(timeout=60)
    assert demo.returncode in (130, 128 + number), err
    assert "not everything" not in err
    assert "Traceback" not in err
    eventually(lambda: not alive(demo.seen), what="no process is left")
    assert list(demo.folder.iterdir()) == []


def test_a_demo_that_is_killed_takes_everything_with_it(demo, eventually):
    eventually(lambda: is_in_full_swing(demo), what="all parts run", deadline_s=90)
    demo.kill()
    eventually(lambda: not alive(demo.seen), what="no process is left", deadline_s=60)


def test_the_dashboard_of_the_demo_answers_while_it_runs(demo, eventually):
    url = demo.stdout.readline().split()[1]

    def devices():
        try:
            return httpx.get(f"{url}api/v1/devices", trust_env=False, timeout=10).json()["devices"]
        except httpx.HTTPError:
            return []

    eventually(lambda: len(devices()) == 13, what="all devices are known", deadline_s=90)
    eventually(lambda: sum(one["online"] for one in devices()) > 8, what="most devices are online")
    assert {one["site"] for one in devices()} == {"demo", "harbour", "mill", "workshop"}

    def pictures():
        events = httpx.get(f"{url}api/v1/events", params={"device": "demo-agent"}, trust_env=False, timeout=10)
        return [one["snapshot"] for one in events.json()["events"] if one["snapshot"]]

    eventually(pictures, what="a detection has its picture", deadline_s=60)
    answer = httpx.get(f"{url.rstrip('/')}{pictures()[0]}", trust_env=False, timeout=10)
    assert cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR).shape == (540, 960, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--headless"], 2, "needs --duration"),
        (["--headless", "--duration", "0"], 2, "--duration"),
        (["--headless", "--duration", "nan"], 2, "not a number"),
        (["--headless", "--duration", "5", "--video", "nothing.mp4"], 2, "nothing.mp4"),
        (["--headless", "--duration", "5", "--video", __file__], 4, "no video"),
        (["--headless", "--duration", "5", "--audio", __file__], 4, "no audio"),
        (["--headless", "--duration", "5", "--model", "skerry-sign"], 2, "did you mean 'skerry-signs'?"),
        (["--headless", "--duration", "5", "--model", __file__], 2, "no model bundle"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_anything_runs(tmp_path, arguments, code, said):
    done = run("demo", *arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_real_network_finds_cars_in_a_real_video(shared_data, tmp_path):
    darknet = shared_data / "darknet"
    bundle = tmp_path / "yolo-fastest.skerry"
    source = [darknet / "yolo-fastest-voc.cfg", "--weights", darknet / "yolo-fastest-voc.weights"]
    converted = run("convert", *source, "--labels", darknet / "voc.names", "--to", "onnx-fp32", "--out", bundle)
    assert converted.returncode == 0, converted.stderr
    video = shared_data / "video" / "car-detection.mp4"
    done = run("demo", "--headless", "--duration", "20", "--model", bundle, "--video", video)
    assert done.returncode == 0, done.stderr
    assert re.search(r"detection │ car +│ demo-agent +│ +[1-9]", done.stdout), done.stdout


def test_the_demo_rolls_a_good_release_out_to_all_and_stops_and_undoes_a_poisoned_one():
    done = run("demo", "--ota", "--headless", "--duration", "300", timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rollout of skerry-signs 2.0.0: done; of 13 devices 13 committed" in done.stdout
    poisoned = re.search(r"rollout of skerry-signs 3\.0\.0: rolled-back; .*", done.stdout)[0]
    assert int(re.search(r"(\d+) left-out", poisoned)[1]) >= 10, "nobody but the three canaries was touched"
    assert "rolled-back (crashed)" in poisoned
    good, undone = re.findall(r"demo-agent, the real agent: (.*)", done.stdout)
    assert good == "committed"
    assert "SIGSEGV" in undone, "it passed its self-test, crashed on trial and was undone"


def test_the_demo_of_updates_is_about_the_shipped_model():
    done = run("demo", "--ota", "--model", "yolov2-tiny-voc", "--headless", "--duration", "5")
    assert (done.returncode, "--model" in done.stderr) == (2, True)

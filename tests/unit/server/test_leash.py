"""Programs on a leash."""

from __future__ import annotations

import os

from skerry_server.leash import LeashedProcess


def test_nothing_is_imported_from_where_the_command_was_called(tmp_path, monkeypatch, eventually):
    (tmp_path / "ctypes.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    process = LeashedProcess(["true"])
    eventually(lambda: process.exit_code() is not None, what="the program's end")
    assert process.exit_code() == 0


def test_stopping_gives_the_exit_code(tmp_path):
    process = LeashedProcess(["sleep", "60"])
    os.kill(process.pid, 0)
    assert process.stop() != 0
    assert process.exit_code() is not None

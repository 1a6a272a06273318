"""Environments for pinned tools, made with stand-ins for the interpreters that would make them."""

import os
import sys
import threading

import pytest

from skerry_converters.toolchains.environment import Toolchain, find_python
from skerry_edge.foundation.errors import MissingError

FUTURE = (3, 90)
MAKES = """\
#!/bin/sh
case "$*" in
  *version_info*) echo 3 90;;
  *venv*) for folder; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"; echo made >> "$LOG";;
  *pip*) echo "$*" >> "$LOG"; [ -z "$FAIL" ] || { echo "WARNING: slow"; echo "ERROR: no such package" >&2; exit 1; };;
esac
"""


@pytest.fixture
def tool():
    return Toolchain(
        name="tool", requirements=("tool==1.2", "helper==3"), oldest_python=FUTURE, newest_python=FUTURE, size="1 MB"
    )


@pytest.fixture
def interpreter(monkeypatch, tmp_path):
    """Return a function that puts a program named as an interpreter on the PATH, which is otherwise bare."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PYENV_ROOT", "XDG_DATA_HOME", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    find_python.cache_clear()
    yield lambda name, script: _program(folder / name, script)
    find_python.cache_clear()


def _program(path, script):
    path.write_text(script, encoding="utf-8")
    path.chmod(0o755)


def log(tmp_path):
    path = tmp_path / "log"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_it_is_made_once_with_every_package_pinned_and_nothing_besides(tool, interpreter, tmp_path):
    interpreter("python3.90", MAKES)
    told = []
    first = tool.ensure(told.append)
    assert tool.ensure(told.append) == first == tool.python
    made, installed = log(tmp_path)
    assert made == "made"
    assert "--no-deps tool==1.2 helper==3" in installed
    assert len(told) == 1
    assert "1 MB" in told[0]
    assert tool.missing_reason() is None


def test_other_pins_are_another_environment(tool, interpreter):
    other = Toolchain(name="tool", requirements=("tool==1.3",), oldest_python=FUTURE, newest_python=FUTURE, size="1 MB")
    assert tool.folder != other.folder


def test_a_failed_installation_leaves_nothing_and_says_what_pip_said(tool, interpreter, monkeypatch):
    interpreter("python3.90", MAKES)
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(MissingError, match="cannot be set up") as caught:
        tool.ensure()
    assert caught.value.found == "ERROR: no such package"
    assert caught.value.exit_code == 3
    assert not tool.folder.exists()
    monkeypatch.delenv("FAIL")
    assert tool.ensure() == tool.python


def test_without_a_fitting_python_the_reason_names_the_versions(tool, interpreter):
    assert "Python 3.90 to 3.90" in tool.missing_reason()
    with pytest.raises(MissingError) as caught:
        tool.ensure()
    assert "Python 3.90" in str(caught.value)


def test_a_program_of_the_right_name_that_is_no_such_python_is_passed_over(interpreter):
    interpreter("python3.90", "#!/bin/sh\necho 'python3.90: command not found' >&2; exit 127\n")
    assert find_python(FUTURE, FUTURE) is None
    find_python.cache_clear()
    interpreter("python3.90", "#!/bin/sh\necho 3 89\n")
    assert find_python(FUTURE, FUTURE) is None


@pytest.mark.parametrize("place", [".pyenv/versions/3.90.1/bin", ".local/share/uv/python/cpython-3.90.2-linux/bin"])
def test_a_python_that_pyenv_or_uv_installed_is_found_though_its_name_on_the_path_does_not_answer(
    interpreter, tmp_path, place
):
    interpreter("python3.90", "#!/bin/sh\necho 'pyenv: python3.90: command not found' >&2; exit 127\n")
    (tmp_path / place).mkdir(parents=True)
    _program(tmp_path / place / "python3.90", MAKES)
    assert find_python(FUTURE, FUTURE) == tmp_path / place / "python3.90"


def test_a_place_of_its_own_for_pyenv_is_looked_into(interpreter, tmp_path, monkeypatch):
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "elsewhere"))
    folder = tmp_path / "elsewhere/versions/3.90.0/bin"
    folder.mkdir(parents=True)
    _program(folder / "python3.90", MAKES)
    assert find_python(FUTURE, FUTURE) == folder / "python3.90"


def test_this_very_python_is_taken_where_it_fits(interpreter):
    assert str(find_python(sys.version_info[:2], sys.version_info[:2])) == sys.executable


def test_an_environment_whose_python_is_gone_is_made_again(tool, interpreter, tmp_path):
    interpreter("python3.90", MAKES)
    tool.ensure().unlink()
    tool.python.symlink_to(tmp_path / "uninstalled")
    tool.ensure()
    assert log(tmp_path).count("made") == 2
    assert tool.python.exists()


def test_two_that_want_it_at_once_make_it_once(tool, interpreter, tmp_path):
    interpreter("python3.90", MAKES.replace("*venv*)", "*venv*) sleep 0.2;"))
    threads = [threading.Thread(target=tool.ensure) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert log(tmp_path).count("made") == 1


def test_a_half_made_environment_of_a_killed_run_is_made_again(tool, interpreter, tmp_path):
    interpreter("python3.90", MAKES)
    (tool.folder / "bin").mkdir(parents=True)
    (tool.folder / "rubbish").touch()
    tool.ensure()
    assert not (tool.folder / "rubbish").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written_is_told(tool, interpreter, monkeypatch):
    interpreter("python3.90", MAKES)
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    with pytest.raises(MissingError, match="no place"):
        tool.ensure()

"""What is refused before anything has been changed, and what a first configuration is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from skerry_boards.loader import all_boards, load_board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.install.plan import install_plan
from skerry_edge.agent.install.program import require_program, runtime_seeker
from skerry_edge.agent.install.request import request_from
from skerry_edge.agent.install.settling import Wishes
from skerry_edge.agent.install.starter import Naming, starter_configuration
from skerry_edge.agent.install.steps import TextFile
from skerry_edge.agent.install.target import systemd_version
from skerry_edge.agent.install.templates import marked
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import ConfigError, MissingError, ReachError, SkerryError

GIVEN = """\
site = "garden"
device = "cam-1"
board = "raspberry-pi-5"
mqtt = { url = "mqtt://10.0.0.2", password_file = "mqtt-password" }
pipelines = [{ kind = "synthetic", name = "ghost" }]
"""


def wishes(**changes: Any) -> Wishes:
    values: dict[str, Any] = {
        "board": "raspberry-pi-5",
        "site": "garden",
        "device": "cam-1",
        "broker": "mqtt://10.0.0.2",
        "password_file": None,
        "ca_file": None,
        "config_file": None,
        "program": "/opt/skerry/bin/skerry",
    }
    return Wishes(**{**values, **changes})


def refusal(root: Path, **changes: Any) -> SkerryError:
    with pytest.raises(SkerryError) as caught:
        request_from(wishes(**changes), root=root, groups=())
    return caught.value


@pytest.mark.parametrize("board", [board.name for board in all_boards() if board.kind == "computer"])
@pytest.mark.parametrize("has_password", [False, True])
def test_a_first_configuration_fits_on_every_board(board: str, has_password: bool) -> None:
    naming = Naming(site="garden", device="cam-1", broker="mqtts://b:8883", has_password=has_password)
    text = starter_configuration(load_board(board), naming, is_here=lambda _: True)
    config = parse_toml(text, AgentConfig, name="starter")
    assert (config.site, config.device, config.board) == ("garden", "cam-1", board)
    assert (config.mqtt.password_file == "/etc/skerry/mqtt-password") is has_password
    assert config.pipelines


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"site": "Bad Site"}, "--site"),
        ({"device": "a/b"}, "--device"),
        ({"broker": "http://x"}, "--broker"),
        ({"broker": "mqtt://u:p@x"}, "--broker"),
        ({"board": "esp32-s3"}, "--board"),
        ({"board": "auto"}, "--board auto"),
        ({"program": "skerry"}, "--program"),
        ({"program": "/opt/skerry/bin/skerry\nExecStartPre=/bin/sh"}, "--program"),
        ({"program": "/opt/a b/skerry"}, "--program"),
        ({"program": "/opt/%n/skerry"}, "--program"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path: Path, changes: dict[str, Any], where: str) -> None:
    error = refusal(tmp_path, **changes)
    assert isinstance(error, ConfigError)
    assert where in (error.where or "")
    assert error.todo


@pytest.mark.parametrize("place", ["/home/pi/venv", "/root/.venv", "/tmp/x", "/run/user/1000/x", "/opt/../home/x"])
def test_a_program_that_the_unit_would_hide_is_refused(tmp_path: Path, place: str) -> None:
    assert "could not see" in refusal(tmp_path, program=f"{place}/bin/skerry").what


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, site=None, broker=None).found == "no --site, --broker"


def test_a_name_that_cannot_be_used_is_told_in_words(tmp_path: Path) -> None:
    assert "a-z, 0-9 and '-'" in (refusal(tmp_path, site="Garden").todo or "")


def test_a_first_configuration_counts_on_installed_runtimes_alone() -> None:
    naming = Naming(site="garden", device="cam-1", broker="mqtt://b")
    text = starter_configuration(load_board("raspberry-pi-5"), naming, is_here=lambda choice: choice == "litert")
    (pipeline,) = parse_toml(text, AgentConfig, name="starter").pipelines
    assert pipeline.backend_choices == ("litert",)
    assert "pip install 'skerry[onnx]'" in text


def test_an_accelerator_stands_in_a_comment_with_what_it_takes() -> None:
    naming = Naming(site="garden", device="cam-1", broker="mqtt://b")
    text = starter_configuration(load_board("coral-usb-raspberry-pi"), naming, is_here=lambda _: True)
    assert '# backends = ["edgetpu", "litert"]' in text
    assert "--to edgetpu" in text


def test_an_environment_without_a_runtime_is_seen_in_an_image(tmp_path: Path) -> None:
    (tmp_path / "opt/skerry/lib/python3.11/site-packages/ai_edge_litert").mkdir(parents=True)
    is_here = runtime_seeker("/opt/skerry/bin/skerry", tmp_path)
    assert (is_here("litert"), is_here("onnx")) == (True, False)


def test_a_program_must_be_there_executable_and_have_its_interpreter(tmp_path: Path) -> None:
    program = tmp_path / "opt/skerry/bin/skerry"
    program.parent.mkdir(parents=True)
    with pytest.raises(MissingError, match="not there") as caught:
        require_program("/opt/skerry/bin/skerry", tmp_path)
    assert "venv" in (caught.value.todo or "")
    program.write_text("#!/opt/skerry/bin/python\n")
    with pytest.raises(MissingError, match="cannot be executed"):
        require_program("/opt/skerry/bin/skerry", tmp_path)
    program.chmod(0o755)
    with pytest.raises(MissingError, match="interpreter"):
        require_program("/opt/skerry/bin/skerry", tmp_path)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python3").touch()
    (program.parent / "python").symlink_to("/usr/bin/python3")
    require_program("/opt/skerry/bin/skerry", tmp_path)


def test_a_program_that_is_something_else_is_refused() -> None:
    with pytest.raises(ReachError, match="not Skerry"):
        require_program("/bin/echo", Path("/"))


@pytest.fixture
def installed(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that leaves a configuration as an earlier installation did, and gives its path."""

    def leave(text: str, *, is_given: bool = False) -> Path:
        path = tmp_path / "etc/skerry/agent.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(marked(text, is_given=is_given))
        return path

    return leave


def first(root: Path, **changes: Any) -> str:
    return request_from(wishes(**changes), root=root, groups=()).configuration


NOTHING = {"board": "auto", "site": None, "device": None, "broker": None}


def test_what_is_installed_needs_no_option_a_second_time(tmp_path: Path, installed: Callable[..., Path]) -> None:
    text = first(tmp_path)
    installed(text)
    assert first(tmp_path, **NOTHING) == text
    installed(GIVEN, is_given=True)
    request = request_from(wishes(**NOTHING), root=tmp_path, groups=())
    assert (request.configuration, request.is_given) == (GIVEN, True)


def test_an_option_changes_the_installer_s_own_configuration_and_the_rest_stays(
    tmp_path: Path, installed: Callable[..., Path]
) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    installed(first(tmp_path, password_file=tmp_path / "password"))
    config = parse_toml(first(tmp_path, **{**NOTHING, "site": "yard"}), AgentConfig, name="new")
    assert (config.site, config.device, config.mqtt.password_file) == ("yard", "cam-1", "/etc/skerry/mqtt-password")


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"site": "yard"}, "--site"),
        ({"device": "cam-2"}, "--device"),
        ({"broker": "mqtt://10.0.0.3"}, "--broker"),
        ({"board": "raspberry-pi-4"}, "--board"),
    ],
)
@pytest.mark.parametrize("is_given", [False, True])
def test_an_option_that_somebody_s_own_configuration_contradicts_is_refused(
    tmp_path: Path, installed: Callable[..., Path], changes: dict[str, Any], option: str, is_given: bool
) -> None:
    path = installed(GIVEN, is_given=is_given)
    if not is_given:
        path.write_text(path.read_text() + "# ours\n")
    error = refusal(tmp_path, **{**NOTHING, **changes})
    assert isinstance(error, ConfigError)
    assert option in (error.found or "")
    assert f"leave out {option}" in (error.todo or "")


def test_what_the_configuration_says_anyway_may_be_said_again(tmp_path: Path, installed: Callable[..., Path]) -> None:
    installed(GIVEN, is_given=True)
    assert first(tmp_path, board="rpi5", broker="mqtt://10.0.0.2:1883") == GIVEN


def test_another_configuration_does_not_replace_an_edited_one(tmp_path: Path, installed: Callable[..., Path]) -> None:
    path = installed(GIVEN)
    path.write_text(path.read_text() + "# ours\n")
    (tmp_path / "given.toml").write_text(GIVEN.replace("cam-1", "cam-2"))
    error = refusal(tmp_path, **NOTHING, config_file=tmp_path / "given.toml")
    assert "has been edited" in error.what
    assert "mv " in (error.todo or "")


@pytest.fixture
def authority(tmp_path: Path, need_program: Callable[[str], str]) -> Path:
    """An authority's certificate."""
    certificate = tmp_path / "authority.pem"
    line = [need_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-subj", "/CN=us", "-keyout", str(tmp_path / "authority.key"), "-out", str(certificate)]
    subprocess.run([*line, *files], check=True, capture_output=True)
    return certificate


def test_an_authority_is_copied_and_named(tmp_path: Path, authority: Path) -> None:
    request = request_from(wishes(ca_file=authority, broker="mqtts://10.0.0.2"), root=tmp_path, groups=())
    config = parse_toml(request.configuration, AgentConfig, name="new")
    assert config.mqtt.tls is not None
    assert config.mqtt.tls.ca_file == "/etc/skerry/ca.pem"
    assert "BEGIN CERTIFICATE" in (request.authority or "")
    assert refusal(tmp_path, ca_file=authority).where == "--broker"
    (tmp_path / "no.pem").write_text("hunter2")
    mistaken = refusal(tmp_path, ca_file=tmp_path / "no.pem", broker="mqtts://10.0.0.2")
    assert "no certificate" in mistaken.what
    assert "hunter2" not in str(mistaken), "whatever file was meant, it may hold a secret"
    authority.write_text(authority.read_text() + authority.with_suffix(".key").read_text())
    assert "private key" in refusal(tmp_path, ca_file=authority, broker="mqtts://10.0.0.2").what


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"lib/systemd/libsystemd-shared-237.so": ""}, 237),
        ({"usr/lib/aarch64-linux-gnu/systemd/libsystemd-shared-257.13.so": ""}, 257),
        ({"etc/os-release": 'ID=ubuntu\nVERSION_ID="20.04"\n'}, 245),
        ({}, 252),
    ],
)
def test_the_systemd_of_a_tree_is_told_by_its_files_its_release_or_its_board(
    tmp_path: Path, files: dict[str, str], version: int
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert systemd_version(tmp_path, load_board("raspberry-pi-5")) == version
    assert request_from(wishes(), root=tmp_path, groups=()).systemd == version


def test_a_rehearsal_for_another_board_counts_on_that_board_s_systemd() -> None:
    request = request_from(wishes(board="jetson-nano"), root=Path("/"), groups=(), is_rehearsal=True)
    assert request.systemd == 237


def test_a_board_is_found_by_itself(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("CPU architecture: 8\n")
    tree = tmp_path / "sys/firmware/devicetree/base"
    tree.mkdir(parents=True)
    (tree / "model").write_text("Raspberry Pi 4 Model B Rev 1.4\0")
    request = request_from(wishes(board="auto"), root=tmp_path, groups=())
    assert request.board.name == "raspberry-pi-4"
    assert 'board = "raspberry-pi-4"' in request.configuration


def test_a_given_configuration_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "given.toml").write_text(GIVEN)
    (tmp_path / "password").write_text("hunter2\n")
    given = wishes(site=None, config_file=tmp_path / "given.toml", password_file=tmp_path / "password")
    request = request_from(given, root=tmp_path, groups=())
    assert request.configuration == GIVEN
    assert request.password is not None
    assert request.password.reveal() == "hunter2"
    assert "hunter2" not in repr(request)


def test_a_given_configuration_says_which_board_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "given.toml").write_text(GIVEN)
    unnamed = wishes(board="auto", config_file=tmp_path / "given.toml")
    assert request_from(unnamed, root=tmp_path, groups=()).board.name == "raspberry-pi-5"
    alias = wishes(board="rpi5", config_file=tmp_path / "given.toml")
    assert request_from(alias, root=tmp_path, groups=()).board.name == "raspberry-pi-5"
    error = refusal(tmp_path, board="raspberry-pi-4", config_file=tmp_path / "given.toml")
    assert (error.what, error.where) == ("two boards are named", "--board")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("garden", "Garden!"), "line 1, key 'site'"),
        (('"raspberry-pi-5"', '"raspberry"'), ""),
        (("mqtt://", "tcp://"), "key 'mqtt.url'"),
        (('"mqtt-password"', '"/etc/other"'), "key 'mqtt.password_file'"),
        (('"cam-1"', '"cam-1"\nstate_dir = "/srv/skerry"'), "key 'state_dir'"),
        (('"ghost"', '"ghost", fault_marker = "/home/pi/marker"'), "given.toml"),
    ],
)
def test_a_given_configuration_that_the_service_could_not_use_is_refused(
    tmp_path: Path, change: tuple[str, str], part: str
) -> None:
    (tmp_path / "given.toml").write_text(GIVEN.replace(*change))
    (tmp_path / "password").write_text("hunter2\n")
    error = refusal(tmp_path, config_file=tmp_path / "given.toml", password_file=tmp_path / "password")
    assert isinstance(error, ConfigError)
    assert part in (error.where or "")


def test_files_that_cannot_be_read_are_no_configuration(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path, config_file=tmp_path / "none.toml"), ReachError)
    assert isinstance(refusal(tmp_path, password_file=tmp_path / "none"), ReachError)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert isinstance(refusal(tmp_path, config_file=tmp_path / "binary"), ConfigError)


@pytest.fixture
def root_of_trust(tmp_path: Path) -> Path:
    """A root of trust that one key has signed for itself."""
    signer = CryptoSigner.generate_ed25519()
    root = Root(expires=datetime(2020, 1, 1, tzinfo=timezone.utc))
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(signer.public_key, role)
    signed = Metadata(root)
    signed.sign(signer)
    path = tmp_path / "1.root.json"
    path.write_bytes(signed.to_bytes())
    return path


MIRRORS = ("https://fleet.example/ota", "/srv/mirror")


def test_a_root_of_trust_is_copied_and_named_with_its_mirrors(tmp_path: Path, root_of_trust: Path) -> None:
    request = request_from(wishes(ota_root=root_of_trust, ota_mirrors=MIRRORS), root=tmp_path, groups=())
    config = parse_toml(request.configuration, AgentConfig, name="new")
    assert config.ota is not None
    assert (config.ota.mirrors, config.ota.root) == (MIRRORS, "/etc/skerry/root.json")
    (written,) = [
        one for one in install_plan(request) if isinstance(one, TextFile) and one.path == "/etc/skerry/root.json"
    ]
    assert (written.content, written.group) == (root_of_trust.read_text(), "skerry")


def test_mirrors_stay_where_something_else_is_asked_for(
    tmp_path: Path, installed: Callable[..., Path], root_of_trust: Path
) -> None:
    installed(first(tmp_path, ota_root=root_of_trust, ota_mirrors=MIRRORS))
    config = parse_toml(first(tmp_path, **NOTHING | {"device": "cam-2"}), AgentConfig, name="new")
    assert config.ota is not None
    assert (config.device, config.ota.mirrors) == ("cam-2", MIRRORS)
    moved = parse_toml(first(tmp_path, **NOTHING, ota_mirrors=MIRRORS[:1]), AgentConfig, name="new")
    assert moved.ota is not None
    assert moved.ota.mirrors == MIRRORS[:1]


def test_a_configuration_of_one_s_own_is_not_given_mirrors(
    tmp_path: Path, installed: Callable[..., Path], root_of_trust: Path
) -> None:
    installed(GIVEN, is_given=True)
    error = refusal(tmp_path, **NOTHING, ota_root=root_of_trust, ota_mirrors=MIRRORS)
    assert "--ota-mirror" in (error.found or "")


@pytest.mark.parametrize("mirror", ["ftp://fleet.example", "srv/mirror", "/home/pi/mirror"])
def test_a_mirror_that_the_service_could_not_use_is_refused(tmp_path: Path, root_of_trust: Path, mirror: str) -> None:
    error = refusal(tmp_path, ota_root=root_of_trust, ota_mirrors=(mirror,))
    assert error.where == "--ota-mirror"
    assert error.todo


def test_root_of_trust_and_mirrors_belong_together(tmp_path: Path, root_of_trust: Path) -> None:
    assert "--ota-mirror" in (refusal(tmp_path, ota_root=root_of_trust).todo or "")
    assert "--ota-root" in (refusal(tmp_path, ota_mirrors=MIRRORS).todo or "")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "[]",
        lambda text: text[:-9],
        lambda text: text.replace('"version":1', '"version":2', 1),
        lambda text: text.replace("2020", "2030", 1),
        lambda text: text.replace('"_type":"root"', '"_type":"targets"', 1),
        lambda text: "\xff",
    ],
)
def test_what_no_device_would_begin_from_is_no_root_of_trust(
    tmp_path: Path, root_of_trust: Path, damage: Callable[[str], str]
) -> None:
    text = damage(root_of_trust.read_text())
    assert text != root_of_trust.read_text()
    root_of_trust.write_text(text, encoding="latin-1")
    error = refusal(tmp_path, ota_root=root_of_trust, ota_mirrors=MIRRORS)
    assert isinstance(error, ConfigError)
    assert "root of trust" in error.what
    assert error.todo


def test_a_root_of_trust_that_is_not_there_is_told(tmp_path: Path) -> None:
    error = refusal(tmp_path, ota_root=tmp_path / "none.json", ota_mirrors=MIRRORS)
    assert isinstance(error, ReachError)

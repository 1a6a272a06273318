"""Who may not come in or may not publish at the shipped broker is told at once, that it is he, and what to do."""

from __future__ import annotations

import pytest


@pytest.fixture
def secret_of(fleet_broker, tmp_path):
    """Return a function that writes a user's password, or another text, to a file that its owner alone reads."""

    def write(name, text=None):
        file = tmp_path / f"{name}.secret"
        file.write_text(text or fleet_broker.passwords[name])
        file.chmod(0o600)
        return file

    return write


def simulate(skerry, broker, name, secret, *more):
    where = ("--broker", f"mqtt://127.0.0.1:{broker.server_port}", "--username", name, "--password-file", secret)
    return skerry("simulate", *where, "--devices", 3, *more)


@pytest.mark.parametrize("connections", [100, 1])
def test_a_simulation_under_the_server_s_name_ends_at_once_and_says_which_user_it_takes(
    skerry, fleet_broker, secret_of, connections
):
    done = simulate(skerry, fleet_broker, "skerry", secret_of("skerry"), "--connections", connections)
    assert done.code == 4
    assert "lets this user not publish" in done.err
    assert "docs/operating.md" in done.err


def test_a_simulation_under_its_own_name_is_taken_whole(skerry, fleet_broker, secret_of, eventually):
    fleet_broker.passwords["simulation"] = fleet_broker.administer("add-user", "simulation")
    fleet_broker.reload(eventually)
    more = ("--duration", 2, "--rate", 50, "--trouble", "none", "--json")
    done = simulate(skerry, fleet_broker, "simulation", secret_of("simulation"), *more)
    assert (done.code, "did not take" in done.err) == (0, False), done.err


def test_whom_the_broker_refuses_the_server_and_the_simulation_call_by_one_name(
    skerry, start_server, fleet_broker, secret_of, eventually
):
    wrong = secret_of("wrong", "no such password")
    refused = simulate(skerry, fleet_broker, "skerry", wrong)
    assert (refused.code, "the MQTT broker refuses this user" in refused.err) == (4, True), refused.err
    login = f'username = "skerry"\npassword_file = "{wrong}"'
    server = start_server(f'mqtt://127.0.0.1:{fleet_broker.server_port}"\n{login}\n#"', wait=False)
    eventually(lambda: "the MQTT broker refuses this user" in server.log.read_text(), what="the server says it")
    assert "check the user name, the password" in server.log.read_text()
    assert "cannot be reached" not in server.log.read_text()

"""The fleet as people arrange it: sites, names, tags and groups, and lists of it, page by page."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.registry.devices import sites
from skerry_server.registry.fleet.changes import (
    decommission,
    describe_device,
    move_device,
    recommission,
    set_tags,
    tags_of,
)
from skerry_server.registry.fleet.distribution import count_by, count_models
from skerry_server.registry.fleet.groups import (
    add_group,
    add_members,
    groups_of,
    list_groups,
    members_of,
    remove_group,
    remove_members,
)
from skerry_server.registry.fleet.listing import DeviceSearch, count_found, find_devices
from skerry_server.registry.models import Device, PresenceRow


def found(database, **wanted):
    with database.reading() as session:
        page = find_devices(session, DeviceSearch(**wanted))
        assert count_found(session, DeviceSearch(**wanted | {"after_id": None})) >= len(page.devices)
        return [device.id for device, _ in page.devices]


@pytest.fixture
def arranged(fleet, ann):
    """The fleet with names, tags, groups, boards and presence."""
    with fleet.transaction() as session:
        describe_device(session, ann, "cam-1", name="Front Door", text="50% shade_1")
        set_tags(session, ann, "cam-1", {"floor": "1", "owner": "ops"})
        set_tags(session, ann, "cam-2", {"floor": "2"})
        add_group(session, ann, "canaries")
        add_members(session, ann, "canaries", ["cam-2", "bell-1"])
        for device, board, version, models in (
            ("cam-1", "raspberry-pi-5", "1.0.0", ["road-signs 1.0.0", "alexa 2.0.0"]),
            ("cam-2", "raspberry-pi-5", "1.1.0", ["road-signs 1.0.0"]),
        ):
            row = session.get(Device, device)
            row.board, row.agent_version, row.models = board, version, models
        session.add(
            PresenceRow(device="cam-2", state="online", since_ms=1, session="s", seq=1, ts_ms=1, is_synced=True)
        )
    return fleet


def test_devices_are_found_by_what_is_asked(arranged):
    assert found(arranged) == ["bell-1", "cam-1", "cam-2"]
    assert found(arranged, site="home") == ["cam-1", "cam-2"]
    assert found(arranged, sites=frozenset({"yard"})) == ["bell-1"]
    assert found(arranged, sites=frozenset()) == []
    assert found(arranged, state="online") == ["cam-2"]
    assert found(arranged, state="unknown") == ["bell-1", "cam-1"]
    assert found(arranged, group="canaries") == ["bell-1", "cam-2"]
    assert found(arranged, tags={"floor": None}) == ["cam-1", "cam-2"]
    assert found(arranged, tags={"floor": "1", "owner": "ops"}) == ["cam-1"]
    assert found(arranged, board="raspberry-pi-5", agent_version="1.1.0") == ["cam-2"]


@pytest.mark.parametrize(
    ("text", "devices"),
    [("FRONT", ["cam-1"]), ("cam", ["cam-1", "cam-2"]), ("50%", ["cam-1"]), ("shade_", ["cam-1"]), ("c_m", [])],
)
def test_text_is_found_as_it_is_whatever_its_case(arranged, text, devices):
    assert found(arranged, text=text) == devices


def test_pages_follow_each_other_without_gap_or_overlap(arranged):
    with arranged.transaction() as session:
        session.add_all(Device(id=f"x-{n}", site="home", first_received_ms=1, models=[]) for n in range(7))
    pages, after = [], None
    while True:
        with arranged.reading() as session:
            page = find_devices(session, DeviceSearch(after_id=after, limit=3))
        pages += [device.id for device, _ in page.devices]
        if not page.has_more:
            break
        after = pages[-1]
    assert pages == found(arranged, limit=99)
    assert len(pages) == 10


def test_a_device_out_of_service_is_listed_apart(arranged, ann):
    with arranged.transaction() as session:
        decommission(session, ann, "cam-2")
    assert found(arranged) == ["bell-1", "cam-1"]
    assert found(arranged, is_decommissioned=True) == ["cam-2"]
    with arranged.transaction() as session:
        recommission(session, ann, "cam-2")
    assert "cam-2" in found(arranged)


def test_the_fleet_is_counted_by_what_it_is_made_of(arranged):
    with arranged.reading() as session:
        assert count_by(session, "agent_version") == {"1.0.0": 1, "1.1.0": 1}
        assert count_by(session, "site") == {"home": 2, "yard": 1}
        assert count_models(session) == {"road-signs 1.0.0": 2, "alexa 2.0.0": 1}


def test_a_device_is_moved_to_another_site(fleet, ann):
    with fleet.transaction() as session:
        move_device(session, ann, "cam-1", site="yard")
    with fleet.reading() as session:
        assert sites(session, ["cam-1"]) == {"cam-1": "yard"}


def test_tags_are_replaced_whole(fleet, ann):
    with fleet.transaction() as session:
        set_tags(session, ann, "cam-1", {"floor": "1", "owner": "ops"})
        set_tags(session, ann, "cam-1", {"floor": "3"})
        assert tags_of(session, "cam-1") == {"floor": "3"}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda session, ann: move_device(session, ann, "cam-1", site="Up/+"),
        lambda session, ann: describe_device(session, ann, "cam-1", name="x" * 129, text=None),
        lambda session, ann: describe_device(session, ann, "cam-1", name="a\x00b", text=None),
        lambda session, ann: describe_device(session, ann, "cam-1", name=None, text="\ud800"),
        lambda session, ann: set_tags(session, ann, "cam-1", {"Floor": "1"}),
        lambda session, ann: set_tags(session, ann, "cam-1", {"floor": "x" * 257}),
        lambda session, ann: set_tags(session, ann, "cam-1", {f"k{number}": "" for number in range(65)}),
        lambda session, ann: move_device(session, ann, "cam-9", site="yard"),
        lambda session, ann: add_group(session, ann, "../x"),
        lambda session, ann: remove_group(session, ann, "none"),
    ],
)
def test_what_no_database_could_keep_is_refused_in_words(fleet, ann, change):
    with pytest.raises(ConfigError), fleet.transaction() as session:
        change(session, ann)


def test_groups_are_filled_and_emptied(arranged, ann):
    with arranged.transaction() as session:
        assert add_members(session, ann, "canaries", ["cam-1", "cam-2"]) == 1
        assert remove_members(session, ann, "canaries", ["bell-1", "cam-9"]) == 1
        assert members_of(session, "canaries") == ["cam-1", "cam-2"]
        assert groups_of(session, "cam-1") == ["canaries"]
        assert [(row.name, number) for row, number in list_groups(session)] == [("canaries", 2)]
        remove_group(session, ann, "canaries")
        assert list_groups(session) == []


def test_a_group_takes_no_name_twice_and_no_device_that_is_not(arranged, ann):
    with pytest.raises(ConflictError), arranged.transaction() as session:
        add_group(session, ann, "canaries")
    with pytest.raises(NotFoundError, match="cam-9"), arranged.transaction() as session:
        add_members(session, ann, "canaries", ["cam-1", "cam-9"])

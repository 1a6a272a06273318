"""The repository as static files: with ETag and Range, and nothing but what is to be seen."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from skerry_server.release_files import add_release_files

BODY = bytes(range(256)) * 40


@pytest.fixture
def client(tmp_path):
    """A client of an application that serves a repository."""
    for name in ("metadata/timestamp.json", "metadata/1.root.json", "targets/model/signs/2/ab.onnx.skerry"):
        path = tmp_path / "ota" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BODY)
    (tmp_path / "ota" / "metadata" / ".timestamp.json.tmp").write_bytes(b"half")
    (tmp_path / "ota" / "staging").mkdir()
    (tmp_path / "ota" / "staging" / "2.targets.json").write_bytes(b"unsigned")
    (tmp_path / "secret").write_bytes(b"secret")
    api = FastAPI()
    add_release_files(api, tmp_path / "ota")
    return TestClient(api)


def test_a_download_goes_on_where_it_broke_off_and_only_of_the_same_file(client):
    url = "/ota/targets/model/signs/2/ab.onnx.skerry"
    whole = client.get(url)
    assert (whole.status_code, whole.content) == (200, BODY)
    rest = client.get(url, headers={"range": "bytes=5000-", "if-range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, BODY[5000:])
    assert rest.headers["content-range"] == f"bytes 5000-{len(BODY) - 1}/{len(BODY)}"
    other = client.get(url, headers={"range": "bytes=5000-", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, BODY)
    assert client.get(url, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert client.get(url, headers={"range": "bytes=99999999-"}).status_code == 416


def test_only_the_timestamp_is_to_be_asked_for_again(client):
    assert "no-cache" in client.get("/ota/metadata/timestamp.json").headers["cache-control"]
    assert "immutable" in client.get("/ota/metadata/1.root.json").headers["cache-control"]


def test_no_cache_remembers_that_a_root_was_not_there_yet(client, tmp_path):
    path = "/ota/metadata/2.root.json"
    absent = client.get(path)
    assert (absent.status_code, absent.headers["cache-control"]) == (404, "no-store")
    (tmp_path / "ota" / "metadata" / "2.root.json").write_bytes(BODY)
    assert client.get(path).content == BODY


@pytest.mark.parametrize(
    "path",
    [
        "/ota/metadata/.timestamp.json.tmp",
        "/ota/metadata/",
        "/ota/metadata/%2e%2e/staging/2.targets.json",
        "/ota/targets/..%2f..%2fsecret",
        "/ota/staging/2.targets.json",
        "/ota/metadata/9.root.json",
    ],
)
def test_nothing_else_is_there(client, path):
    assert client.get(path).status_code == 404


def test_a_link_out_of_the_repository_leads_nowhere(client, tmp_path):
    (tmp_path / "ota" / "targets" / "link").symlink_to(tmp_path / "secret")
    assert client.get("/ota/targets/link").status_code == 404


def test_a_repository_that_is_founded_later_is_served_then(tmp_path):
    api = FastAPI()
    add_release_files(api, tmp_path / "later")
    client = TestClient(api)
    assert client.get("/ota/metadata/timestamp.json").status_code == 404
    (tmp_path / "later" / "metadata").mkdir(parents=True)
    (tmp_path / "later" / "metadata" / "timestamp.json").write_bytes(BODY)
    assert client.get("/ota/metadata/timestamp.json").content == BODY

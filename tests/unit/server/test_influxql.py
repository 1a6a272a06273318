"""InfluxQL: statements whose values cannot break out, and answers of every kind."""

from __future__ import annotations

import json

import pytest

from skerry_server.errors import StoreError
from skerry_server.stores.archive import WindowQuery
from skerry_server.stores.base import Query
from skerry_server.stores.influxql import read_points, select, select_windows


def test_a_query_is_one_statement_with_its_bounds():
    query = Query(measurement="heartbeat", tags={"device": "cam-1"}, start_ns=5, stop_ns=9, limit=3)
    assert select(query) == (
        'SELECT * FROM "heartbeat" WHERE time >= 5 AND time < 9 AND "device" = \'cam-1\' ORDER BY time DESC LIMIT 3'
    )


def test_a_value_cannot_end_its_quotes():
    statement = select(Query(measurement="heartbeat", tags={"device": "x' OR 'a'='a\\"}))
    assert "'x\\' OR \\'a\\'=\\'a\\\\'" in statement


def test_windows_are_one_statement_with_its_tags_and_fields():
    query = WindowQuery(
        measurement="heartbeat", step_ns=7, aggregate="max", fields=("cpu", "a/b"), tags={"device": "d'"}, stop_ns=9
    )
    assert select_windows(query, source='"db"."rp".', prefix="max_") == (
        'SELECT max(/^max_(cpu|a\\/b)$/) FROM "db"."rp"."heartbeat" WHERE time >= 0 AND time < 9 '
        "AND \"device\" = 'd\\'' "
        'GROUP BY time(7ns), "site", "device", "board" fill(none) ORDER BY time DESC LIMIT 10000'
    )


def test_rows_that_do_not_fit_their_columns_are_an_error():
    body = b'{"results":[{"series":[{"columns":["time","x"],"values":[[1]]}]}]}'
    with pytest.raises(StoreError, match="do not fit"):
        read_points("heartbeat", body, where="w")


def test_columns_are_told_apart_into_tags_and_fields():
    series = {"columns": ["time", "device", "cpu_percent", "temperature_c"], "values": [[7, "cam-1", 3, None]]}
    (point,) = read_points("heartbeat", json.dumps({"results": [{"series": [series]}]}).encode(), where="w")
    assert (point.time_ns, point.tags, point.fields) == (7, {"device": "cam-1"}, {"cpu_percent": 3.0})


def test_an_empty_answer_is_no_points():
    assert read_points("heartbeat", b'{"results":[{"statement_id":0}]}', where="w") == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"error":"no"}', b'{"results":[{"error":"database not found"}]}', b"\xff", b"[]"]
)
def test_what_is_no_answer_is_an_error_and_not_no_points(body):
    with pytest.raises(StoreError):
        read_points("heartbeat", body, where="w")

"""The OpenAPI document says exactly what the API does: generated requests of every kind find no difference."""

from __future__ import annotations

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

EXAMPLES = 4
KNOWN = {"device": "cam-1", "group": "all", "stage": 1, "event": "m7", "alert": 1, "letter": 1, "silence": 1}


@pytest.fixture
def operations(fleet):
    """Every operation of the document."""
    schema = schemathesis.openapi.from_dict(fleet.as_("ann").get("/api/v1/openapi.json").json())
    schema.app = fleet.app
    return [result.ok() for result in schema.get_all_operations()]


def validate(operation, mode, headers, left_out, *, known=False):
    """Send generated requests and hold the answers against the document."""
    strategy = operation.as_strategy(generation_mode=mode)

    @hypothesis.given(case=strategy)
    @hypothesis.settings(max_examples=EXAMPLES, database=None, derandomize=True)
    def check(case):
        if known:
            case.path_parameters = {key: KNOWN.get(key, value) for key, value in case.path_parameters.items()}
        case.call_and_validate(headers=headers, excluded_checks=left_out)

    try:
        check()
    except hypothesis.errors.Unsatisfiable:
        # An operation without any input has none that could be wrong.
        assert mode is GenerationMode.NEGATIVE


def test_generated_requests_of_an_administrator_find_no_difference(fleet, operations):
    headers = {"authorization": f"Bearer {fleet.tokens['ann']}"}
    # The check would send the same token again and take it for none; test_routes.py asks every route without one.
    left_out = [ignored_auth]
    for operation in operations:
        validate(operation, GenerationMode.NEGATIVE, headers, left_out)
        validate(operation, GenerationMode.POSITIVE, headers, left_out)
        if operation.method != "delete":
            # A version that was not looked at is refused with 412, which the check does not know.
            is_conditional = operation.method == "put"
            more = [positive_data_acceptance] if is_conditional else []
            validate(operation, GenerationMode.POSITIVE, headers, [*left_out, *more], known=True)
    assert len(operations) >= 60


def test_generated_requests_without_credentials_find_no_difference(fleet, operations):
    for operation in operations:
        validate(operation, GenerationMode.POSITIVE, {}, [])

"""Schemathesis against all three OpenAPI documents, in process: what a schema accepts is not refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from seedmock_contracts.upstreams import NAMES
from seedmock_server import create_app
from seedmock_server.clock import ManualClock

pytestmark = pytest.mark.slow
TOKEN = "schemathesis"
HEADERS = {"Authorization": "Bearer sk_schema", "X-Mock-Token": TOKEN}
EXAMPLES = 12
NOT_SAYABLE = (
    # State: JSON Schema does not know which tasks, assets, groups, rules and media there are, or what time it is.
    *(
        "not found",
        "not exist",
        *(
            "the id of a task that matches",
            "unknown asset",
            "the journal has no exchange",
            "has no reference",
            "cannot be built",
        ),
        "unknown task",
        "unknown fate rule",
        "unknown fault rule",
        "no media are declared",
    ),
    *("nothing is due", "a clock moves forward only", "unknown exchange", "no group", "Not found", "NotFound"),
    # Content: whether a file is a picture, and a host reachable.
    *("reference", "data: URI", "image", "video", "audio", "no vendor can reach", "private/reserved"),
    # Several documents: what a fault or a fate applies to, which rule a fact names, what a header says beside a body.
    *("does not apply to the operation", "can't have the fate", "allowed by", "fact is", "upstream without a key"),
    *(
        "found no key",
        "printable characters",
        "each name once",
        "not a valid snapshot",
        "not valid TOML",
        "the request's scenario",
        "the body is empty",
        "not valid JSON",
    ),
)
"""Refusals of valid requests for reasons that stand in the document in words."""


def documents() -> list[str]:
    return ["openapi.json", *(f"openapi/{name}.json" for name in NAMES)]


@pytest.fixture
def app(clips: Path, tmp_path: Path) -> Any:
    """A new emulator for each document: the control API's own test leaves faults behind."""
    return create_app(
        clock=ManualClock(), pace="instant", seed=1, cache_dir=clips, data_dir=tmp_path, control_token=TOKEN
    )


def operations(app: Any, document: str) -> list[Any]:
    schemathesis = pytest.importorskip("schemathesis")
    schema = schemathesis.openapi.from_asgi(f"/_mock/{document}", app, headers=HEADERS)
    return [result.ok() for result in schema.get_all_operations()]


def try_operation(operation: Any, *, examples: int, prepare: Callable[[Any], None] = lambda _: None) -> list[str]:
    """Send valid requests of one operation; return the refusals that its schema should have excluded."""
    import schemathesis.specs.openapi.checks as checks

    refusals: list[str] = []
    conformance = [
        *(checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance),
    ]

    @hypothesis.settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy())
    def run(case: Any) -> None:
        prepare(case)
        response = case.call(headers=HEADERS)
        assert response.status_code < 500, response.text
        case.validate_response(response, checks=conformance)
        if response.status_code >= 400 and not any(text in response.text for text in NOT_SAYABLE):
            refusals.append(f"{case.method} {case.formatted_path} {case.query} {case.body}: {response.text}"[:1500])

    run()
    return refusals


@pytest.mark.parametrize("document", documents())
def test_what_the_document_accepts_is_not_refused(app: Any, document: str) -> None:
    problems = []
    rows = operations(app, document)
    assert len(rows) >= 4
    for operation in rows:
        try:
            problems += try_operation(operation, examples=EXAMPLES)
        except (Exception, BaseExceptionGroup) as error:
            problems.append(f"{operation.label}: {error!r}"[:1500])
    assert not problems, "\n\n".join(problems)

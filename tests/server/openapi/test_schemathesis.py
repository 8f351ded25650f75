"""Schemathesis against all three OpenAPI documents, in process: what a schema accepts is not refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from seedmock_contracts.upstreams import NAMES
from seedmock_server import create_app
from seedmock_server.clock import ManualClock

from ...profiles import IS_DEEP

pytestmark = pytest.mark.slow
TOKEN = "schemathesis"
HEADERS = {"Authorization": "Bearer sk_schema", "X-Mock-Token": TOKEN}
EXAMPLES = 150 if IS_DEEP else 12
ERRORS_AS_200 = {"apimodels.errors": "ok"}
NOT_MEDIA = "the reference is not media: "
NOT_SAYABLE = (
    # State: which tasks, assets, groups, rules, exchanges and media there are, and what time it is.
    (r"(GET|POST|DELETE) /(assets|records|videos?)\b.*", 404, r'"(task|asset|group|video) not found"'),
    (r"GET /_mock/tasks/\{id\}.*", 404, "unknown task "),
    (r"GET /_mock/tasks", 400, "after is .*the id of a task that matches the other parameters"),
    (r"GET /_mock/assets/\{id\}/content", 404, "unknown asset "),
    (r"GET /_mock/journal/\{number\}", 404, "the journal has no exchange "),
    (r"DELETE /_mock/(fate|fault)s/\{id\}", 404, "unknown (fate|fault) rule "),
    (r"DELETE /_mock/media", 404, "no media are declared for "),
    (r"POST /_mock/clock", 400, "a clock moves forward only|time is .*; allowed: seconds since the epoch"),
    (r"POST /_mock/clock", 409, "nothing is due: "),
    # Content: a file that is no media, a data: URI that cannot be read, a host that no vendor reaches.
    (r"POST /(files|videos|video/generations)", 400, NOT_MEDIA),
    (r"POST /videos", 400, r" pixels \(bounds excluded\)"),
    (r"POST /_mock/uploads", 400, NOT_MEDIA),
    (r"POST /(assets|videos|video/generations)", 400, "the data: URI |asset .* does not exist under this key"),
    (
        r"POST /assets",
        422,
        "private/reserved IP addresses not allowed|has a host name (without a dot|that cannot exist)|names a user",
    ),
    # Several places: a key may stand in a header; the operation of a match decides which fates there are.
    (r"POST /_mock/(uploads|forget)", 400, "found no key; "),
    (r"PUT /_mock/credit", 400, "found an upstream without a key"),
    (r"POST /_mock/fates", 400, "can't have the fate |; allowed by \\w+ for \\w+: |name=value, each name once"),
    (r"POST /_mock/faults", 400, "and p90 no less than p50"),
    (r"DELETE /_mock/(fate|fault)s/\{id\}", 405, "'DELETE' is not allowed at /_mock/fates/default"),
    (r"POST /_mock/orders/preview", 400, "the order cannot be built: no (field|place|role) for "),
    # Unicode: which characters are printable. Facts: which of them a fault may name, and for which operation.
    (r"POST /_mock/faults", 400, "a string of 1 to 500 printable characters"),
    (r"POST /_mock/faults", 400, "fact is '|each name once|does not apply to the operation"),
    # Other languages: a snapshot has the format of its version, a scenario is TOML.
    (r"PUT /_mock/snapshot", 400, "not a valid snapshot: "),
    (r"PUT /_mock/scenario", 400, "not valid TOML: |the body is empty; "),
)
"""Refusals of valid requests that no schema can foresee: operation, status, and what the response says."""


def is_sayable(label: str, status: int, text: str) -> bool:
    """Tell that a schema could have excluded what is refused."""
    return not any(
        re.fullmatch(operation, label) and status == refused and re.search(message, text)
        for operation, refused, message in NOT_SAYABLE
    )


def status_of(response: Any) -> int:
    """The status of HTTP, or of the envelope where HTTP says 200."""
    is_json = (
        response.status_code == 200 and response.headers["content-type"][0].partition(";")[0] == "application/json"
    )
    code = response.json().get("code") if is_json and isinstance(response.json(), dict) else None
    return code if isinstance(code, int) else int(response.status_code)


def documents() -> list[str]:
    return ["openapi.json", *(f"openapi/{name}.json" for name in NAMES)]


@pytest.fixture
def start(clips: Path, tmp_path: Path) -> Callable[..., Any]:
    """A new emulator for each document: the control API's own test leaves faults behind."""

    def create(**settings: Any) -> Any:
        own = {"cache_dir": clips, "data_dir": tmp_path, "control_token": TOKEN}
        return create_app(clock=ManualClock(), pace="instant", seed=1, **own, **settings)

    return create


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
        status = status_of(response)
        if status >= 400 and is_sayable(operation.label, status, response.text):
            refusals.append(f"{case.method} {case.formatted_path} {case.query} {case.body}: {response.text}"[:1500])

    run()
    return refusals


@pytest.mark.parametrize(
    ("document", "variants"), [*((name, {}) for name in documents()), ("openapi/apimodels.json", ERRORS_AS_200)]
)
def test_what_the_document_accepts_is_not_refused(
    start: Callable[..., Any], document: str, variants: dict[str, str]
) -> None:
    problems = []
    rows = operations(start(variants=variants), document)
    assert len(rows) >= 4
    for operation in rows:
        try:
            problems += try_operation(operation, examples=EXAMPLES)
        except (Exception, BaseExceptionGroup) as error:
            problems.append(f"{operation.label}: {error!r}"[:1500])
    assert not problems, "\n\n".join(problems)


def test_an_excuse_is_for_its_operation_and_status_alone() -> None:
    assert not is_sayable("POST /_mock/forget", 400, "found no key; allowed: one in the body")
    for label, status, text in (
        ("POST /_mock/clock", 400, "found no key; allowed: one in the body"),
        ("POST /_mock/forget", 404, "found no key; allowed: one in the body"),
        ("POST /_mock/forget", 400, "the image is too large for a video reference"),
    ):
        assert is_sayable(label, status, text)

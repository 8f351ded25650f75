"""Order endpoints: forms of the contracts, previews that send nothing, and orders that any client could send."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import NAMES, get_contract

Control = Callable[..., Any]
KEY = "sk_orders"


def form_of(control: Control, upstream: str) -> Any:
    forms = control("GET", "orders")
    return next(form for form in forms if (form["upstream"], form["operation"]) == (upstream, "create"))


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 640), "red").save(file, "PNG")
    return file.getvalue()


def upload(server: Any, content: bytes, key: str | None = KEY) -> Any:
    headers = {} if key is None else {"X-Mock-Key": key}
    return server.ask("POST", "/_mock/uploads", key=None, content=content, headers=headers)


@pytest.mark.parametrize("upstream", NAMES)
def test_a_form_has_the_fields_limits_and_sizes_of_the_contract(control: Control, upstream: str) -> None:
    form, contract = form_of(control, upstream), get_contract(upstream)
    seconds = contract.request.path("seconds", Operation.CREATE)
    fields = {field["path"]: field for field in form["fields"]}
    assert (fields[seconds]["low"], fields[seconds]["high"]) == (4, 15)
    assert fields["model"]["required"]
    assert set(fields["model"]["allowed"]) == {model.name for model in contract.models if not model.upscales}
    assert len(form["sizes"]) == len(contract.sizes)
    assert {(slot["kind"], slot["role"]) for slot in form["slots"]} >= {
        ("image", "first_frame"),
        ("video", "reference"),
    }


@pytest.mark.parametrize("upstream", NAMES)
def test_the_example_of_a_form_keeps_every_rule_has_a_price_and_is_sent(
    frozen_server: Any, control: Control, upstream: str
) -> None:
    document = form_of(control, upstream)["example"]
    preview = control("POST", "orders/preview", {"upstream": upstream, "document": document})
    assert (preview["problems"], preview["document"]) == ([], document)
    assert frozen_server.journal() == []
    answer = control("POST", "orders", {"upstream": upstream, "document": document, "key": KEY})
    assert answer["status"] == 200
    task = control("GET", f"tasks/{answer['task']}")
    assert (task["upstream"], task["cost"]) == (upstream, preview["quote"]["amount"])
    (exchange,) = frozen_server.journal()
    assert json.loads(exchange["request_body"]) == document
    assert KEY not in json.dumps(exchange)


@pytest.mark.parametrize("path", ["content[x]", "content[7]", "a..b", "", "]"])
def test_a_path_that_no_field_has_is_refused(frozen_server: Any, path: str) -> None:
    body = {"upstream": "opeai", "values": {path: 1}}
    response = frozen_server.ask("POST", "/_mock/orders/preview", key=None, json=body)
    assert response.status_code == 400
    assert "values" in response.json()["error"]["message"]


def test_a_preview_names_the_broken_rule_and_the_missing_price(control: Control) -> None:
    values = {"model": "seedance-2-0", "prompt": "x", "size": "9x9", "seconds": 99}
    preview = control("POST", "orders/preview", {"upstream": "opeai", "values": values})
    assert {"opeai.create.size.values", "opeai.create.seconds.range"} <= {row["fact"] for row in preview["problems"]}
    assert (preview["quote"], "9x9" in preview["quote_problem"]) == (None, True)


def test_references_are_placed_as_the_upstream_has_them(frozen_server: Any, control: Control) -> None:
    uploaded = upload(frozen_server, picture()).json()
    assert (uploaded["facts"]["width"], uploaded["facts"]["format"]) == (640, "png")
    assert upload(frozen_server, picture()).json()["url"] == uploaded["url"]
    for upstream in NAMES:
        values = {
            name: value for name, value in form_of(control, upstream)["example"].items() if name != "callback_url"
        }
        references = [{"kind": "image", "role": "first_frame", "url": uploaded["url"]}]
        body = {"upstream": upstream, "values": values, "references": references}
        preview = control("POST", "orders/preview", body)
        assert preview["problems"] == []
        answer = control("POST", "orders", {"upstream": upstream, "document": preview["document"], "key": KEY})
        order = control("GET", f"tasks/{answer['task']}/order")
        (reference,) = order["references"]
        assert (reference["role"], reference["facts"]["width"]) == ("first_frame", 640)
        content = frozen_server.get(f"/_mock/{reference['content']}", key=None)
        assert (content.content, content.headers["content-type"]) == (picture(), "image/png")
        assert control("GET", f"tasks/{answer['task']}/references/1", status=404)["error"]["field"] == "index"


def test_an_order_meets_limits_and_faults(control: Control) -> None:
    document = form_of(control, "opeai")["example"]
    control("POST", "faults", {"fault": "status code=503"}, status=201)
    answer = control("POST", "orders", {"upstream": "opeai", "document": document, "key": KEY})
    assert (answer["status"], answer["task"]) == (503, None)
    control("DELETE", "faults")
    control("POST", "faults", {"fault": "reset"}, status=201)
    answer = control("POST", "orders", {"upstream": "opeai", "document": document, "key": KEY})
    assert (answer["status"], answer["body"]) == (0, "")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("orders/preview", {"upstream": "nowhere"}, "upstream"),
        ("orders/preview", {"upstream": "opeai", "operation": "upscale"}, "operation"),
        ("orders", {"upstream": "opeai", "document": {}, "key": " "}, "key"),
        ("orders", {"upstream": "opeai", "document": {}, "key": "schlüssel"}, "key"),
    ],
)
def test_a_malformed_order_is_refused_with_its_field(control: Control, path: str, body: Any, field: str) -> None:
    error = control("POST", path, body, status=400)["error"]
    assert (error["field"], "allowed" in error["message"]) == (field, True)


def test_an_upload_needs_a_key_and_media(frozen_server: Any) -> None:
    assert upload(frozen_server, picture(), key=None).json()["error"]["field"] == "key"
    response = upload(frozen_server, b"<script>alert(1)</script>")
    assert (response.status_code, "not media" in response.json()["error"]["message"]) == (400, True)


def test_references_that_cannot_be_placed_are_refused(control: Control) -> None:
    body = {"upstream": "opeai", "references": [{"kind": "smell", "role": "reference", "url": "https://example.com"}]}
    assert "cannot be built" in control("POST", "orders/preview", body, status=400)["error"]["message"]

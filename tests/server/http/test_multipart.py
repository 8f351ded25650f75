"""Forms: those that the SDKs send, and hostile ones."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from seedmock_contracts.upstreams import get_contract
from seedmock_server.http.form_parts import split_parts
from seedmock_server.http.multipart import Form, FormFile, parse_form
from seedmock_server.http.request_body import MalformedBody

RECORDED_FORMS = Path(__file__).parents[3] / "fixtures" / "opeai" / "forms"
TYPE = b"multipart/form-data; boundary=b"
LIST = "input_reference[content][]"
TYPES_BY_ROLE = get_contract("opeai").request.layout.types_by_role


def form(*fields: tuple[str, str]) -> dict[str, Any]:
    content = body(*((name.encode(), value.encode()) for name, value in fields))
    return parse_form(TYPE, content, TYPES_BY_ROLE).document


def body(*fields: tuple[bytes, bytes]) -> bytes:
    parts = [b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % field for field in fields]
    return b"".join(parts) + b"--b--\r\n"


def recorded_form(name: str) -> Form:
    head, _, content = (RECORDED_FORMS / f"{name}.bin").read_bytes().partition(b"\r\n\r\n")
    return parse_form(head.partition(b": ")[2], content, TYPES_BY_ROLE)


def item(kind: str, address: str, role: str | None = None) -> dict[str, Any]:
    reference: dict[str, Any] = {"type": kind, kind: {"url": f"https://media.example/{address}"}}
    return reference | ({"role": role} if role else {})


@pytest.mark.parametrize("sdk", ["python", "node"])
def test_plain_fields_of_the_sdks_are_text(sdk: str) -> None:
    assert recorded_form(f"{sdk}-plain") == Form(
        {"model": "seedance-2-0", "prompt": "A paper boat crosses a puddle", "seconds": "8", "size": "1280x720"}, ()
    )


@pytest.mark.parametrize("sdk", ["python", "node"])
def test_references_of_the_sdks_are_reassembled(sdk: str) -> None:
    document = recorded_form(f"{sdk}-references").document
    assert document["generate_audio"] == "true"
    assert document["input_reference"] == {
        "content": [
            item("image_url", "boat.png", "reference_image"),
            item("video_url", "rain.mp4", "reference_video"),
            item("image_url", "street.png", "reference_image"),
            item("audio_url", "drops.mp3", "reference_audio"),
        ]
    }


def test_optional_roles_stay_with_their_items_when_sent_by_node() -> None:
    assert recorded_form("node-some-roles").document["input_reference"]["content"] == [
        item("image_url", "kite-1.png"),
        item("video_url", "wind.mp4", "reference_video"),
        item("image_url", "kite-2.png", "last_frame"),
    ]


def test_optional_roles_go_to_the_next_item_of_their_kind_when_sent_by_python() -> None:
    assert recorded_form("python-some-roles").document["input_reference"]["content"] == [
        item("image_url", "kite-1.png", "last_frame"),
        item("video_url", "wind.mp4", "reference_video"),
        item("image_url", "kite-2.png"),
    ]


@pytest.mark.parametrize(("sdk", "content"), [("python", b"\x89PNG\r\n\x1a\n"), ("node", b"\x89PNG\r\n")])
def test_files_have_name_type_and_bytes(sdk: str, content: bytes) -> None:
    recorded = recorded_form(f"{sdk}-file")
    assert recorded.document == {"model": "seedance-2-0", "prompt": "A lighthouse wakes up", "seconds": "4"}
    content += b" not a real picture"
    expected = FormFile("input_reference", "lighthouse é.png", "image/png", content, recorded.files[0].start)
    assert recorded.files == (expected,)


KINDS = ["image_url", "video_url", "audio_url"]
ROLES = {"image_url": "reference_image", "video_url": "reference_video", "audio_url": "reference_audio"}


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), min_size=1, max_size=8), st.sampled_from([0, 1, 2]))
def test_a_list_is_read_by_item_by_key_and_by_index(kinds: list[tuple[str, bool]], order_kind: int) -> None:
    items = [item(kind, f"{n}", ROLES[kind]) for n, (kind, _) in enumerate(kinds)]
    rows = [
        (index, key, value)
        for index, reference in enumerate(items)
        for key, value in [
            ("[type]", reference["type"]),
            ("[role]", reference["role"]),
            (f"[{reference['type']}][url]", reference[reference["type"]]["url"]),
        ]
    ]
    if order_kind == 1:
        order = list(dict.fromkeys(key for _, key, _ in rows))
        rows.sort(key=lambda row: order.index(row[1]))
    prefix = "input_reference[content][{}]" if order_kind == 2 else LIST
    assert form(*((prefix.format(n) + key, value) for n, key, value in rows)) == {"input_reference": {"content": items}}


def test_an_unknown_role_goes_to_the_next_item_without_one() -> None:
    fields = [(f"{LIST}[type]", "image_url"), (f"{LIST}[type]", "video_url"), (f"{LIST}[role]", "director")]
    assert form(*fields)["input_reference"]["content"] == [
        {"type": "image_url", "role": "director"},
        {"type": "video_url"},
    ]


def test_a_role_without_a_matching_item_goes_to_the_next_item_for_the_rules_to_reject() -> None:
    fields = [(f"{LIST}[type]", "image_url"), (f"{LIST}[type]", "image_url"), (f"{LIST}[role]", "reference_video")]
    assert form(*fields)["input_reference"]["content"][0] == {"type": "image_url", "role": "reference_video"}


def test_objects_without_a_type_are_counted_by_their_most_frequent_key() -> None:
    assert form(("a[][x]", "1"), ("a[][x]", "2"), ("a[][y]", "3")) == {"a": [{"x": "1", "y": "3"}, {"x": "2"}]}


def test_lists_and_objects_of_texts_are_read() -> None:
    assert form(("a[]", "1"), ("a[]", "2"), ("b[c][d]", ""), ("e[1]", "y"), ("e[0]", "x")) == {
        "a": ["1", "2"],
        "b": {"c": {"d": ""}},
        "e": ["x", "y"],
    }


def test_a_value_may_be_any_utf_8() -> None:
    assert form(("prompt", "a\r\n--c\r\n\x00 雨 [x]=1&")) == {"prompt": "a\r\n--c\r\n\x00 雨 [x]=1&"}


def test_an_empty_form_is_an_empty_document() -> None:
    assert parse_form(TYPE, b"--b--\r\n") == Form({}, ())


@pytest.mark.parametrize("name", ["__proto__", "constructor[prototype]", "toString", "__class__[__init__]"])
def test_names_that_are_special_elsewhere_are_plain_names(name: str) -> None:
    (key,) = form((name, "x"))
    assert key == name.partition("[")[0]


@pytest.mark.parametrize(
    "name",
    [
        *["", "[", "[[[[", "]", "[]", "[a]", "a]b[", "a[b", "a]b", "a[b]c", "a[[b]]", "a\x00", "a[\x00]", "a\x01"],
        *["a" + "[b]" * 9, "a" + "[" * 10_000, "x" * 201],
    ],
)
def test_malformed_names_are_rejected(name: str) -> None:
    with pytest.raises(MalformedBody):
        form((name, "x"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "a"], "duplicate field a"),
        (["a[b]", "a[b]"], r"duplicate field a\[b\]"),
        (["a[0]", "a[0]"], r"duplicate field a\[0\]"),
        (["a", "a[b]"], "contradicts an earlier field"),
        (["a[b]", "a"], "duplicate field"),
        (["a[]", "a[b]"], "contradicts an earlier field"),
        (["a[]", "a[0]"], "contradicts an earlier field"),
        (["a[]", "a[][b]"], "mixes plain values with objects"),
        (["a[][]"], "list in a list"),
        (["a[][b][]"], "list in a list"),
        (["a[][b]", "a[][b][c]"], "contradicts an earlier field"),
        (["a[0]", "a[b]"], "the indices of a have gaps"),
        (["a[999999999]"], "the indices of a have gaps"),
        (["a[00]", "a[0]"], "the indices of a have gaps"),
    ],
)
def test_contradicting_fields_are_rejected(names: list[str], message: str) -> None:
    with pytest.raises(MalformedBody, match=message):
        form(*((name, "x") for name in names))


def test_more_urls_than_items_of_their_kind_are_rejected() -> None:
    fields = [("type", "image_url"), ("type", "video_url"), ("type", "video_url")]
    fields += [("image_url][url", "1"), ("image_url][url", "2")]
    with pytest.raises(MalformedBody, match="has 2 values for 1 items"):
        form(*((f"{LIST}[{key}]", value) for key, value in fields))


@pytest.mark.parametrize(
    ("content_type", "content", "message"),
    [
        (b"multipart/form-data", b"", "names no boundary"),
        (b"multipart/form-data; boundary=", b"", "names no boundary"),
        (b"multipart/form-data; boundary=" + b"x" * 300, b"", "cannot be read"),
        ("multipart/form-data; boundary=雨", b"", "cannot be read"),
        (TYPE, b"", "before its closing boundary"),
        (TYPE, b"{}", "cannot be read"),
        (TYPE, body((b"a", b"x"))[:-6], "before its closing boundary"),
        (TYPE, b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", "has no name"),
        (TYPE, b"--b\r\n\r\nx\r\n--b--\r\n", "has no name"),
        (TYPE, b'--b\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--b--\r\n', "has no name"),
        (TYPE, b"--b\r\nX: %s\r\n\r\nx\r\n--b--\r\n" % (b"a" * 5000), "cannot be read"),
        (TYPE, b"--b\r\n%s\r\nx\r\n--b--\r\n" % (b"X: 1\r\n" * 20), "cannot be read"),
        (TYPE, b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n", "cannot be read"),
        (TYPE, b"--bx\r\n\r\nx\r\n--b--\r\n", "cannot be read"),
        (TYPE, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', "before its closing boundary"),
        (TYPE, body((b"a", b"\xff")), "the value of a is not valid UTF-8"),
        (TYPE, body((b"\xff", b"a")), "the name of a part is not valid UTF-8"),
        (TYPE, body(*[(b"a[]", b"")] * 1001), "more than 1000 parts"),
    ],
)
def test_malformed_forms_are_rejected(content_type: bytes | str, content: bytes, message: str) -> None:
    with pytest.raises(MalformedBody, match=message):
        parse_form(content_type, content)


def test_a_thousand_parts_are_read() -> None:
    assert form(*[("a[]", "x")] * 1000) == {"a": ["x"] * 1000}


def test_a_malformed_form_logs_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MalformedBody):
        parse_form(TYPE, b"nonsense")
    assert capfd.readouterr() == ("", "")


keys = st.sampled_from(["", "0", "1", "7", "type", "role", "a", "image_url", "-1", "[", "]", "\x00", "٣"])
names = st.builds(
    lambda first, rest: first + "".join(f"[{key}]" for key in rest), st.sampled_from("ab"), st.lists(keys, max_size=4)
)
values = st.sampled_from(["image_url", "video_url", "last_frame", "", "x"])


@given(st.lists(st.tuples(names, values), max_size=12))
def test_any_fields_are_read_or_rejected(fields: list[tuple[str, str]]) -> None:
    try:
        document = form(*fields)
    except MalformedBody:
        return
    assert sorted(leaves(document)) == sorted(value for _, value in fields), "no value is lost or invented"


def leaves(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    return [leaf for child in (node.values() if isinstance(node, dict) else node) for leaf in leaves(child)]


@given(
    st.one_of(st.binary(max_size=100), st.just(TYPE)),
    st.one_of(st.binary(), st.binary().map(lambda tail: b"--b\r\n" + tail)),
)
@example(TYPE, b'--b\r\nContent-Disposition: form-data; name="a"; filename="\xff"\r\n\r\nx\r\n--b--')
def test_any_bytes_are_read_or_rejected(content_type: bytes, content: bytes) -> None:
    with suppress(MalformedBody):
        parse_form(content_type, content)


def reference_parts(boundary: bytes, content: bytes) -> list[tuple[dict[bytes, bytes], bytes]]:
    """Parts as python-multipart reads them, headers and content.

    Raises FormParserError, and AssertionError for an unfinished form.
    """
    parts: list[tuple[dict[bytes, bytes], bytes]] = []
    names: list[bytes] = []
    headers: dict[bytes, bytes] = {}
    pieces: list[bytes] = []
    ended: list[bool] = []

    def end_part() -> None:
        parts.append((dict(headers), b"".join(pieces)))
        headers.clear()
        pieces.clear()

    callbacks: Any = {
        "on_header_field": lambda data, start, stop: names.append(data[start:stop].lower()),
        "on_header_value": lambda data, start, stop: headers.__setitem__(names[-1], data[start:stop]),
        "on_part_data": lambda data, start, stop: pieces.append(data[start:stop]),
        "on_part_end": end_part,
        "on_end": lambda: ended.append(True),
    }
    MultipartParser(boundary, callbacks).write(content)
    assert ended
    return parts


contents = st.one_of(
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"\r\n", b"--b", b"\r\n--b", b"\r\n--bc", b"-", b"\r", b"\n", b"x"])).map(b"".join),
)
heads = st.sampled_from([b"", b"X: 1\r\n", b"X-A:  b c\r\ncontent-type: text/plain\r\n", b"x: 1\r\nX: 2\r\n"])
form_texts = st.builds(
    lambda start, parts, end: start + b"".join(b"--b\r\n%s\r\n%s\r\n" % part for part in parts) + end,
    st.sampled_from([b"", b"", b"\r\n", b"x"]),
    st.lists(st.tuples(heads, contents), max_size=4),
    st.sampled_from([b"--b--\r\n", b"--b--", b"--b--\r\nmore", b"--b-", b""]),
)


@given(form_texts)
@example(b"--b\r\n\r\nx\r\n--bc\r\n--b--\r\n")
def test_parts_are_those_of_python_multipart(content: bytes) -> None:
    try:
        expected = reference_parts(b"b", content)
    except (FormParserError, AssertionError):
        with pytest.raises(MalformedBody):
            split_parts(b"b", content)
    else:
        parts = split_parts(b"b", content)
        assert [(headers, part) for headers, part, _ in parts] == expected
        assert all(content.startswith(b"%b\r\n--b" % part, start) for _, part, start in parts)

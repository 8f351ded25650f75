"""Text from outside cannot control a terminal, and stays readable."""

from __future__ import annotations

import json

import pytest

from seedmock_contracts.printable import printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a kite, 'é' 雨 🎈", "a kite, 'é' 雨 🎈"),
        ("\x1b]0;owned\x07", "\\u001b]0;owned\\u0007"),
        ("\x9b31m", "\\u009b31m"),
        ("conforms\r\nok", "conforms\\r\\nok"),
        ("a\u202eb\u200bc\x7f", "a\\u202eb\\u200bc\\u007f"),
        ("\U000e0041\ud800", "\\udb40\\udc41\\ud800"),
    ],
)
def test_control_characters_are_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_kept_characters_stay() -> None:
    assert printable("one\ntwo\tthree", keep="\n") == "one\ntwo\\tthree"


def test_json_document_keeps_its_meaning() -> None:
    document = json.dumps({"message": "\x1b[31m \x9b \x7f \u202e"}, ensure_ascii=False, indent=1)
    assert json.loads(printable(document, keep="\n")) == json.loads(document)

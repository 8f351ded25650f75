"""Actions on an upstream as data, and reproducers: files of actions that lead to a failed check.

An upstream creates other ids each time. So an action names the resource that it creates, such as `task1`, and later
actions use a symbol: `$task1` for its id, `$task1.link` for the first link to its result, `#group1` for the id of a
group as a number, `$file1` for the URL of an uploaded file.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from seedmock_contracts.upstreams import get_contract

from ..errors import HarnessError
from ..results.checks import CheckFailure

SYMBOL = re.compile(r"[$#](?:task|group|asset|file)\d+(?:\.link)?")
LINK = ".link"
MAX_SHOWN_CHARS = 300


class InvalidReproducer(HarnessError, ValueError):
    """A malformed reproducer; the message has the line and what is wrong with it."""


class Action(Struct, frozen=True):
    """A request, or time that passes (`seconds`).

    A request has an operation with a `document` and the `params` of its path; or a `method`, a `url` (a path) and a
    `body`, with the operation that it is meant for, if any; or a `url` alone, which is a link to a result. `creates` is
    the name of the resource that it creates.
    """

    operation: str = ""
    document: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    caller: str = "first"
    base: int = 0
    method: str = ""
    url: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    creates: str = ""

    def to_json(self) -> str:
        """One line of JSON, without the fields that have their defaults."""
        values = {name: value for name, value in asdict(self).items() if value != getattr(_DEFAULT, name)}
        if "body" in values:
            values["body"] = b64encode(self.body).decode()
        return json.dumps(values)

    def __str__(self) -> str:
        if self.seconds:
            return f"wait {self.seconds:g} s"
        request = f"{self.method} {self.url}".strip() or f"{self.operation} {json.dumps(self.document or self.params)}"
        headers = f" with {dict(self.headers)}" if self.headers else ""
        created = f" creates {self.creates}" if self.creates else ""
        return f"{self.caller or 'no key'}: {request[:MAX_SHOWN_CHARS]}{headers}{created}"


_DEFAULT = Action()
_FIELDS = frozenset(Action.__struct_fields__)


def parse_action(line: str) -> Action:
    """Parse an action from a line of JSON. Raises InvalidReproducer."""
    try:
        values = json.loads(line)
        unknown = set(values) - _FIELDS
        if unknown:
            raise ValueError(f"unknown {', '.join(sorted(unknown))}; available: {', '.join(sorted(_FIELDS))}")
        if "body" in values:
            values["body"] = b64decode(values["body"], validate=True)
        return Action(**values)
    except (ValueError, TypeError) as error:
        raise InvalidReproducer(f"{line[:80]!r} is not a valid action: {error}") from error


def dump_reproducer(
    upstream: str, actions: Iterable[Action], failure: CheckFailure, settings: Mapping[str, Any]
) -> str:
    """Text of a reproducer: a line with the failure and the settings of the run, and one for each action."""
    header = {
        "upstream": upstream,
        "check": failure.check,
        "fact": failure.fact.id,
        "title": failure.title,
        "expected": failure.expected,
        "observed": failure.observed,
        **settings,
    }
    return "\n".join([json.dumps(header), *(action.to_json() for action in actions), ""])


def load_reproducer(text: str) -> tuple[dict[str, Any], list[Action]]:
    """Parse the header and the actions of a reproducer. Raises InvalidReproducer."""
    first, *rest = text.splitlines() or [""]
    try:
        header = json.loads(first)
        get_contract(header["upstream"])
    except (ValueError, TypeError, LookupError) as error:
        raise InvalidReproducer(f"{first[:80]!r} is not the header of a reproducer: {error}") from error
    return header, [parse_action(line) for line in rest if line.strip()]

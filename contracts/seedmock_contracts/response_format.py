"""Format of an upstream's responses: paths of what every reader needs, error envelopes, ids, order of keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from .documents.paths import first_value_at
from .enums import Mode, Operation
from .facts import MISSING, Behaviour, Document, ErrorCase


class Envelope(Struct, frozen=True):
    """Form of an error body. `parts` are pairs of a path and the part of the error there, in the order of the keys.

    Parts: `code`, `message`, `type`, `field`, `null` (always null); in an error with a fail code also `fail_code`,
    `fail_message`, `retryable`. `name` is that of `ErrorCase.envelope`. `option` is the only option of the error
    variant under which this envelope is used; empty for any.
    """

    name: str
    parts: tuple[tuple[str, str], ...]
    option: str = ""


class IdPattern(Behaviour, frozen=True):
    """Form of the ids that an operation creates, as a regular expression for the whole id.

    A group `time` holds the time of creation as fourteen digits, `utc_offset` hours ahead of UTC.
    """

    operations: tuple[Operation, ...]
    pattern: str
    utc_offset: int = 0


class ResponseStatement(Behaviour, frozen=True):
    """Statement about the response of an operation as a whole, which checks cite."""

    operation: Operation


class KeyOrder(ResponseStatement, frozen=True):
    """Order of the keys in the body of an operation's success."""

    keys: tuple[str, ...]


class ResponseFormat(Struct, frozen=True, kw_only=True, dict=True):
    """Paths of what every reader of responses needs.

    `envelope_key` is the key of the payload inside the envelope of a success; empty where there is no envelope.
    Inside the payload, the first of several paths with a value counts: that of the created id, of the status, of the
    links to results (a string or an array of strings), and of the code and message of a failed task. `code_path` is
    that of a copy of the HTTP status in a body; empty where there is none. `list_path` is that of the array of tasks
    in the payload of a list of tasks. `paths` maps common names of other parts (`balance`, `price` and `settled` of an
    order, `file_url` of an upload) to their paths in the payload; a name that is not listed is its own path. Those of
    the asset library: `asset_url`, `asset_type`, `name`, `url`, `group`, and in a failed one `asset_error`,
    `asset_error_code` and `asset_error_message`; `group_name` of a group; `assets`, `total`, `page` and `page_size` of
    a page of assets, and `groups`, the array of groups where that is not the payload itself. `modes` spells each kind
    of generation, at the path of `mode`, where responses have it. `created_paths` and `completed_paths`
    are those of times since the epoch, in seconds but for `millisecond_paths`. `errors_as_200` is the variant and its
    option under which every error comes with HTTP status 200, if there is one.
    """

    id_paths: tuple[str, ...]
    status_paths: tuple[str, ...]
    envelopes: tuple[Envelope, ...]
    envelope_key: str = ""
    code_path: str = ""
    list_path: str = ""
    link_paths: tuple[str, ...] = ()
    failure_code_paths: tuple[str, ...] = ()
    failure_message_paths: tuple[str, ...] = ()
    created_paths: tuple[str, ...] = ()
    completed_paths: tuple[str, ...] = ()
    millisecond_paths: frozenset[str] = frozenset()
    paths: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[Mode, str] = field(default_factory=dict)
    errors_as_200: tuple[str, str] | None = None

    def error_status(self, case: ErrorCase, options: Mapping[str, str]) -> int:
        """HTTP status of an error under the options of variants."""
        row = self.errors_as_200
        return 200 if row is not None and options[row[0]] == row[1] else case.status

    def path(self, name: str) -> str:
        """Path of a part of a payload."""
        return self.paths.get(name, name)

    def read(self, fields: Document, name: str) -> Any:
        """Value of a part of a payload, or of an item in it; None if there is none."""
        value = first_value(fields, (self.path(name),))
        return None if value is MISSING else value

    def item_id(self, fields: Document) -> str | int | None:
        """Id of an item of a list, or of a payload; None if it has none."""
        value = first_value(fields, self.id_paths)
        return value if isinstance(value, str | int) else None

    def payload(self, body: Any) -> Any:
        """Payload of a body, inside the envelope if there is one."""
        return body.get(self.envelope_key) if self.envelope_key and isinstance(body, Mapping) else body

    def envelope(self, name: str) -> Envelope:
        """An error envelope by its name. Raises LookupError for an unknown one."""
        envelope = next((envelope for envelope in self.envelopes if envelope.name == name), None)
        if envelope is None:
            names = ", ".join(envelope.name for envelope in self.envelopes)
            raise LookupError(f"unknown envelope {name!r}; available: {names}")
        return envelope

    def error_path(self, body: Any, part: str) -> str:
        """Path of a part in an error body, in the first envelope that has it there; empty if none has."""
        if not isinstance(body, Mapping):
            return ""
        paths = self._error_paths.get(part, ())
        return next((path for path in paths if first_value_at(body, path) is not MISSING), "")

    @cached_property
    def _error_paths(self) -> Mapping[str, tuple[str, ...]]:
        """Paths of each part in all envelopes."""
        paths: dict[str, dict[str, None]] = {}
        for envelope in self.envelopes:
            for path, part in envelope.parts:
                paths.setdefault(part, {})[path] = None
        return {part: tuple(of_part) for part, of_part in paths.items()}

    def error_part(self, body: Any, part: str) -> Any:
        """Part of an error body, in the first envelope that has it there; None if none has."""
        path = self.error_path(body, part)
        return first_value_at(body, path) if path else None


def first_value(document: Document, paths: Iterable[str]) -> Any:
    """First value at the first of several paths that has one, or MISSING."""
    values = (first_value_at(document, path) for path in paths)
    return next((value for value in values if value is not MISSING), MISSING)

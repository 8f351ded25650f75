"""Error of the control API, and its JSON."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import SeedmockServerError

MAX_CHARS = 200


class ControlError(SeedmockServerError):
    """Rejected request to the control API. `field` and `allowed` say in data what the message says in words."""

    def __init__(
        self, message: str, *, status: int = 400, field: str | None = None, allowed: Iterable[str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.field = field
        self.allowed = None if allowed is None else list(allowed)

    @property
    def body(self) -> dict[str, object]:
        error: dict[str, object] = {"message": self.message}
        if self.field is not None:
            error["field"] = self.field
        if self.allowed is not None:
            error["allowed"] = self.allowed
        return {"error": error}


def abbreviated(value: object) -> str:
    """Return the repr of a value, cut to what fits in a message."""
    text = repr(value)
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 3] + "..."

"""What can be wrong with a request to the control API: one exception, rendered in one place."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import SeedmockServerError

LONGEST = 200


class ControlError(SeedmockServerError):
    """A status and a sentence that says what was found and what is allowed; `field` and `allowed` for programs."""

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
        said: dict[str, object] = {"message": self.message}
        if self.field is not None:
            said["field"] = self.field
        if self.allowed is not None:
            said["allowed"] = self.allowed
        return {"error": said}


def shown(value: object) -> str:
    """A value as a message shows it: not too much of it."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."

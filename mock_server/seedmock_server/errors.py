"""A request that is not granted: raised anywhere, rendered in one place by each upstream."""

from __future__ import annotations

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.facts import Fact, Violation


class ApiError(Exception):
    """Why, in the house's words. `field` and `value` name what was wrong, `allowed` what would do, `detail` says it.

    `code` is the upstream's own code where it is narrower than the kind's, `style` an option of a variant of its own.
    """

    def __init__(
        self,
        kind: ErrorKind,
        detail: str = "",
        *,
        field: str = "",
        value: object = None,
        allowed: str = "",
        fact: Fact | None = None,
        code: str = "",
        style: str = "",
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.field = field
        self.value = value
        self.allowed = allowed
        self.fact = fact
        self.code = code
        self.style = style
        self.headers = headers


def api_error_from(violation: Violation) -> ApiError:
    """The refusal that a broken rule leads to."""
    return ApiError(
        violation.kind,
        violation.message,
        field=violation.field,
        value=violation.value,
        allowed=violation.allowed,
        fact=violation.fact,
    )

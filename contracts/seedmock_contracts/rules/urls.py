"""Rules on the URLs of references and callbacks: inline data, hosts that no vendor can reach, passwords.

Knows no upstream. Nothing is fetched or resolved: a URL is judged by its spelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from msgspec.structs import replace

from ..documents.hosts import has_password, unreachable_reason, without_user_information
from ..documents.paths import with_value
from ..documents.references import LocatedReference, ReferenceLayout
from ..enums import MediaKind
from ..facts import Document, Violation
from ..generation import Reference
from .boundaries import BoundaryCase, sample_reference
from .rule import ReferenceUrlRule, Rule, ValueRule

INTERNAL_HOST = "https://files.internal/reference"
PUBLIC = "a host that is reachable from the public internet, without user information"


class WebUrl(ReferenceUrlRule, frozen=True):
    """A URL is not a data: URI. Applies only under `option` of `variant`.

    `allowed` names the schemes in its place; `beside` are references that a document needs to have this field at all.
    """

    allowed: str
    variant: str
    option: str

    def check_value(self, path: str, value: Any) -> Violation | None:
        # Cut first, since a data: URI has megabytes, which each of the other steps would copy.
        if not isinstance(value, str) or value[:16].lstrip().lower()[:5] != "data:":
            return None
        # A data: URI is as long as its file, and says nothing that its sender does not know.
        text = f"{path} is a data: URI, but must be provided as a web url; allowed: {self.allowed}"
        return replace(self._violation(path, value, self.allowed, text), value="data:...")

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return self._with_value(document, layout, next(iter(self.invalid_values(None))))

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return ("data:video/mp4;base64,AAAAGGZ0eXBtcDQy",)

    def valid_values(self, current: Any) -> Iterable[Any]:
        return (sample_reference(MediaKind.VIDEO).url,)


class ReachableHost(ValueRule, frozen=True):
    """The host of a URL can be reached from the public internet. With a variant, applies only under `option` of it."""

    variant: str = ""
    option: str = ""

    def check_value(self, path: str, value: Any) -> Violation | None:
        return _host_violation(self, path, value) if isinstance(value, str) else None

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return with_value(document, self.field, INTERNAL_HOST)

    def valid_values(self, current: Any) -> Iterable[Any]:
        return ("https://example.com/reference",)

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return (INTERNAL_HOST, "https://gateway/reference")


class ReachableReferences(Rule, frozen=True):
    """The hosts of all references can be reached. With a variant, applies only under `option` of it."""

    variant: str = ""
    option: str = ""
    depends_on: ClassVar[str] = "references"

    def check(self, document: Document, references: tuple[LocatedReference, ...]) -> Violation | None:
        violations = (_host_violation(self, located.path, located.reference.url) for located in references)
        return next((violation for violation in violations if violation), None)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return layout.place(document, [Reference(MediaKind.IMAGE, f"{INTERNAL_HOST}.png")])

    def boundary_cases(self, document: Document, layout: ReferenceLayout) -> Iterator[BoundaryCase]:
        sample = sample_reference(MediaKind.IMAGE)
        yield BoundaryCase(layout.place(document, [sample]), True, sample.url)
        yield BoundaryCase(self.violating_document(document, layout), False, f"{INTERNAL_HOST}.png", gross=True)


class NoPassword(ValueRule, frozen=True):
    """A URL contains no password: it would stand in every log on its way."""

    def check_value(self, path: str, value: Any) -> Violation | None:
        if not isinstance(value, str) or not has_password(value):
            return None
        shown, allowed = without_user_information(value)[:80], "a URL without a user and a password"
        return self._violation(path, shown, allowed)

    def violating_document(self, document: Document, layout: ReferenceLayout) -> dict[str, Any]:
        return with_value(document, self.field, next(iter(self.invalid_values(None))))

    def valid_values(self, current: Any) -> Iterable[Any]:
        return ("https://example.com/hook",)

    def invalid_values(self, current: Any) -> Iterable[Any]:
        return ("https://name:word@example.com/hook",)


def _host_violation(rule: Rule, path: str, url: str) -> Violation | None:
    reason = unreachable_reason(url)
    if not reason:
        return None
    shown = without_user_information(url)[:80]
    message = f"{path} {reason}: {shown}; no vendor can reach it; allowed: {PUBLIC}"
    return Violation(rule.fact, rule.kind, path, shown, PUBLIC, message)

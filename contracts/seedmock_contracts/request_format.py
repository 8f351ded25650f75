"""Format of an upstream's requests: where each part of an order stands, and documents that keep every rule.

Knows the common names of the parts (model, prompt, size, ...), not what any upstream calls them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .documents.paths import values_at, with_value
from .documents.references import ReferenceLayout
from .enums import Operation
from .facts import MISSING, Document


@dataclass(frozen=True, kw_only=True)
class RequestFormat:
    """Places of the parts of an order in a request document.

    `paths` maps a part's common name to its place (`content[].text` is the first item that has one); a name that is
    not listed is its own place, and `upscale.resolution` is the place in that operation. `examples` are documents
    that keep every rule, for each operation with a body; together they show each exclusive form. `skeleton` is what
    an order has whatever is ordered, such as the type of the item that its prompt stands in.
    """

    layout: ReferenceLayout
    examples: Mapping[Operation, tuple[Document, ...]]
    paths: Mapping[str, str] = field(default_factory=dict)
    skeleton: Document = field(default_factory=dict)

    def path(self, name: str, operation: Operation = Operation.CREATE) -> str:
        """The place of a part of an order."""
        return self.paths.get(f"{operation}.{name}") or self.paths.get(name, name)

    def read(self, document: Document, name: str, operation: Operation = Operation.CREATE) -> Any:
        """The value of a part of an order, or None."""
        path = self.path(name, operation)
        if "." not in path and "[" not in path:
            return document.get(path)
        return next((value for _, value in values_at(document, path) if value is not MISSING), None)

    def write(
        self, document: Document, parts: Mapping[str, Any], operation: Operation = Operation.CREATE
    ) -> dict[str, Any]:
        """A copy of a document, or of the skeleton, with these parts set; MISSING removes one."""
        changed = dict(document or self.skeleton)
        for name, value in parts.items():
            changed = with_value(changed, self.path(name, operation), value)
        return changed

"""Format of an upstream's requests: paths of the parts of an order, and documents that keep every rule.

Knows the common names of the parts (model, prompt, size, ...), not those of any upstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from .documents.paths import values_at, with_value
from .documents.references import ReferenceLayout
from .enums import Operation
from .facts import MISSING, Document


class RequestFormat(Struct, frozen=True, kw_only=True):
    """Paths of the parts of an order in a request document.

    `paths` maps a part's common name to its path (`content[].text` is that of the first item that has one); a name
    that is not listed is its own path, and `upscale.resolution` is the path in that operation. `task`, `asset` and
    `group` are the ids in requests that do not have them in their URL's path. `examples` are documents that keep every
    rule, for each operation with a body or a query string; together they show each exclusive form. `skeleton` is what
    every order has, such as the type of the item that holds its prompt. `file_parts` maps an operation that takes
    multipart forms to the name of the part that holds a file.
    """

    layout: ReferenceLayout
    examples: Mapping[Operation, tuple[Document, ...]]
    paths: Mapping[str, str] = field(default_factory=dict)
    skeleton: Document = field(default_factory=dict)
    file_parts: Mapping[Operation, str] = field(default_factory=dict)

    def path(self, name: str, operation: Operation = Operation.CREATE) -> str:
        """Path of a part of an order."""
        return self.paths.get(f"{operation}.{name}") or self.paths.get(name, name)

    def read(self, document: Document, name: str, operation: Operation = Operation.CREATE) -> Any:
        """Value of a part of an order, or None."""
        path = self.path(name, operation)
        if "." not in path and "[" not in path:
            return document.get(path)
        return next((value for _, value in values_at(document, path) if value is not MISSING), None)

    def write(
        self, document: Document, parts: Mapping[str, Any], operation: Operation = Operation.CREATE
    ) -> dict[str, Any]:
        """Copy a document, or the skeleton, and set parts of it; MISSING removes a part."""
        changed = dict(document or self.skeleton)
        for name, value in parts.items():
            changed = with_value(changed, self.path(name, operation), value)
        return changed

"""The control API's own OpenAPI document, from the table that serves it."""

from __future__ import annotations

from .table import Verb

ROWS: tuple[Verb, ...] = ()

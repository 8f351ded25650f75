"""Money: what each order was quoted, holds, was charged and was given back."""

from __future__ import annotations

from .table import Verb

ROWS: tuple[Verb, ...] = ()

"""Vendor extensions of a document: the fact behind a part of it, with its basis and its source."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, TypeAlias

from msgspec.structs import asdict

from ..facts import Behaviour, Fact, Variants
from ..rules.rule import Rule

Schema: TypeAlias = dict[str, Any]


def fact_extensions(fact: Fact) -> Schema:
    """Extensions that state a fact."""
    return {"x-fact": fact.id, "x-basis": str(fact.basis), "x-source": fact.source}


def rule_extensions(rules: Iterable[Rule]) -> Schema:
    """Extension that lists rules in words, those that a schema cannot say among them; empty without any."""
    listed = [
        {**fact_extensions(rule.fact), "description": rule_text(rule), "parameters": _parameters(rule)}
        for rule in rules
    ]
    return {"x-rules": listed} if listed else {}


def rule_text(rule: Rule) -> str:
    """First sentence about a kind of rule, with the field that it is about."""
    sentence = (inspect.getdoc(type(rule)) or "").partition("\n")[0]
    return f"{rule.field}: {sentence}"


def _parameters(rule: Rule) -> Schema:
    """Limits, lists and conditions of a rule, as far as they are plain values."""
    values = {name: value for name, value in asdict(rule).items() if name not in ("fact", "field")}
    return {name: plain for name, value in values.items() if (plain := _plain(value)) not in (None, [], "")}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        items = [_plain(item) for item in value]
        return None if None in items else items
    return str(value) if isinstance(value, str) else value if isinstance(value, int) else None


def fact_text(fact: Fact) -> str:
    """Words of a fact, if it has some beside its value."""
    return fact.description if isinstance(fact, Behaviour | Variants) else ""

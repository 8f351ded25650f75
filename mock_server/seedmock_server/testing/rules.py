"""What a test wants to happen to its own calls: fates for its tasks, faults on its wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from ..fates.rules import PARAMETERS as FATE_PARAMETERS
from ..fates.rules import FateKind, Fates, fate_rule_from, outcomes_from
from ..faults.kinds import FaultKind
from ..faults.parameters import PARAMETERS as FAULT_PARAMETERS
from ..faults.rules import Faults, fault_rule_from
from ..matching.rules import InvalidRule, Match

MATCHES = tuple(field.name for field in fields(Match) if field.name != "account")


class FateRules:
    """Fates for one key. `moderated(after="120s", times=1)` is `add("moderated after=120s", times=1)`."""

    def __init__(self, fates: Fates, account: str) -> None:
        self._fates, self._account = fates, account

    def add(self, fate: object, **match: Any) -> str:
        """Let calls that match meet a fate; gives the rule's name. Earlier rules come first.

        `fate` is a text, a table, or a list of tables with weights. `match` may be upstream, operation, model, prompt,
        reference, nth, times or probability. Raises InvalidRule.
        """
        return self._fates.add(fate_rule_from({"fate": fate, "match": matching(match, self._account)}))

    def default(self, fate: object) -> None:
        """Let the calls that no rule is meant for meet a fate. Raises InvalidRule."""
        self._fates.of_key[self._account] = outcomes_from(fate)

    def remove(self, name: str) -> bool:
        """Take a rule away; False when there is none of this name."""
        return self._fates.remove(name)

    def clear(self) -> None:
        """Take away all rules of this test."""
        self._fates.clear(self._account)

    def __getattr__(self, kind: str) -> Callable[..., str]:
        known = parameters(kind, FateKind, FATE_PARAMETERS)

        def add(**said: Any) -> str:
            fate, match = split(kind, "fate", known, said)
            return self.add(fate, **match)

        return add


class FaultRules:
    """Faults for one key. `status(code=502, operation="query")` is `add("status code=502", operation="query")`."""

    def __init__(self, faults: Faults, account: str) -> None:
        self._faults, self._account = faults, account

    def add(self, fault: object, **match: Any) -> str:
        """Let calls that match meet a fault, a text or a table; gives the rule's name. Raises InvalidRule.

        `match` is as for fates.
        """
        return self._faults.add(fault_rule_from({"fault": fault, "match": matching(match, self._account)}))

    def remove(self, name: str) -> bool:
        """Take a rule away; False when there is none of this name."""
        return self._faults.remove(name)

    def clear(self) -> None:
        """Take away all rules of this test."""
        self._faults.clear(self._account)

    def __getattr__(self, kind: str) -> Callable[..., str]:
        known = parameters(kind, FaultKind, FAULT_PARAMETERS)

        def add(**said: Any) -> str:
            fault, match = split(kind, "fault", known, said)
            return self.add(fault, **match)

        return add


def matching(match: Mapping[str, Any], account: str) -> dict[str, Any]:
    """A match for one account's calls. Raises InvalidRule for one that names an account."""
    for name in match:
        if name not in MATCHES:
            raise InvalidRule(f"match has no field {name!r} in a test; there are: {', '.join(MATCHES)}")
    return {**match, "account": account}


def parameters(kind: str, kinds: Any, known: Mapping[Any, Mapping[str, str]]) -> Mapping[str, str]:
    """A kind's parameters. Raises AttributeError for what is none of the kinds."""
    if kind not in tuple(kinds):
        raise AttributeError(f"no {kind!r}; there are: add, remove, clear, {', '.join(kinds)}")
    return known[kinds(kind)]


def split(
    kind: str, word: str, known: Mapping[str, str], said: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keywords as the table of a kind and the match. Raises InvalidRule for those that are neither."""
    for name in said:
        if name not in known and name not in MATCHES:
            allowed = ", ".join((*known, *MATCHES))
            raise InvalidRule(f"{kind} has no parameter {name!r}; there are: {allowed}")
    table = {name: value for name, value in said.items() if name in known}
    return {word: kind, **table}, {name: value for name, value in said.items() if name not in known}

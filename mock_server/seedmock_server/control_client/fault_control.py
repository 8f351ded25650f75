"""Fault rules of a running emulator, with a typed method for each fault."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Unpack

from ..control.models import FaultRuleResponse, FaultRulesResponse, RemovalResponse
from .fate_control import Duration
from .match_criteria import CommonCriteria, MatchCriteria, match_table
from .transport import ControlTransport

FaultSpec = str | Mapping[str, Any]
"""A text such as `status code=502`, or a table."""


class FaultControl:
    """Rules for misbehaviour on the wire: of all calls or, with a key of its own, of that key's.

    `status(code=502, operation="query")` is `add("status code=502", operation="query")`. The first rule that matches a
    call of each group of faults applies. Parameters and their defaults: docs/reference/faults.md.
    Every method raises ControlClientError.
    """

    def __init__(self, transport: ControlTransport, key: str | None = None) -> None:
        self._transport = transport
        self._key = key

    def rules(self) -> FaultRulesResponse:
        """List the rules."""
        return self._transport.call("GET", "faults", FaultRulesResponse)

    def add(self, fault: FaultSpec, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Add a rule behind the others: calls that match get this fault."""
        return self._post(fault, match_table(match, self._key, "add", ()), 3)

    def remove(self, rule_id: str) -> RemovalResponse:
        """Remove a rule by its id. Raises RequestRejected (404) for an unknown one."""
        return self._transport.call("DELETE", f"faults/{rule_id}", RemovalResponse)

    def clear(self, *, key: str | None = None) -> RemovalResponse:
        """Remove all rules, or those of a key."""
        return self._transport.call("DELETE", "faults", RemovalResponse, key=key or self._key)

    # --- faults on the wire ---

    def status(
        self,
        *,
        code: int | None = None,
        kind: str | None = None,
        body: str | None = None,
        message: str | None = None,
        retry_after: Duration | None = None,
        retry_as: str | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FaultRuleResponse:
        """Answer with an error, by its HTTP status or its kind."""
        return self._add(
            "status",
            match,
            code=code,
            kind=kind,
            body=body,
            message=message,
            retry_after=retry_after,
            retry_as=retry_as,
        )

    def malformed(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Answer with a body that is not JSON."""
        return self._add("malformed", match)

    def truncated(self, *, at: int | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Answer with JSON that ends after `at` bytes."""
        return self._add("truncated", match, at=at)

    def latency(
        self,
        *,
        seconds: Duration | None = None,
        p50: Duration | None = None,
        p90: Duration | None = None,
        **match: Unpack[CommonCriteria],
    ) -> FaultRuleResponse:
        """Delay the call, by the account's clock: a fixed time, or one drawn from a distribution."""
        return self._add("latency", match, seconds=seconds, p50=p50, p90=p90)

    def hang(self, *, seconds: Duration | None = None, **match: Unpack[CommonCriteria]) -> FaultRuleResponse:
        """Send nothing until the client gives up, at most for `seconds` of real time."""
        return self._add("hang", match, seconds=seconds)

    def reset(self, *, when: str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Reset the connection; `when`: before, during or after the response."""
        return self._add("reset", match, when=when)

    def response_lost(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Handle the call, but close the connection in the place of the response."""
        return self._add("response_lost", match)

    def bandwidth(self, *, rate: int, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Send the body at `rate` bytes a second."""
        return self._add("bandwidth", match, rate=rate)

    def dribble(
        self, *, bytes: int | None = None, every: Duration | None = None, **match: Unpack[MatchCriteria]
    ) -> FaultRuleResponse:
        """Send the body in small pieces with pauses."""
        return self._add("dribble", match, bytes=bytes, every=every)

    def body_cut(self, *, at: int | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Close the connection after `at` bytes of the body."""
        return self._add("body_cut", match, at=at)

    def wrong_length(
        self, *, delta: int | None = None, connection: str | None = None, **match: Unpack[MatchCriteria]
    ) -> FaultRuleResponse:
        """Send a Content-Length with `delta` added to it. `connection`: close, or keep, which warns."""
        return self._add("wrong_length", match, delta=delta, connection=connection)

    def wrong_type(self, *, to: str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Send another Content-Type."""
        return self._add("wrong_type", match, to=to)

    def redirect(self, *, code: int | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Redirect to the content."""
        return self._add("redirect", match, code=code)

    def no_range(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Ignore Range headers."""
        return self._add("no_range", match)

    def duplicate(self, *, connection: str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Send the response twice. `connection`: close, or keep, which warns."""
        return self._add("duplicate", match, connection=connection)

    def clock_skew(self, *, by: Duration, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Shift the Date header."""
        return self._add("clock_skew", match, by=by)

    # --- responses that break the contract ---

    def backwards(self, *, to: str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Show an earlier status."""
        return self._add("backwards", match, to=to)

    def missing(self, *, field: str, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Leave a field out."""
        return self._add("missing", match, field=field)

    def renamed(self, *, field: str, to: str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Rename a field."""
        return self._add("renamed", match, field=field, to=to)

    def retyped(self, *, field: str, as_: str, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Change the type of a field; `as_`: text, number, boolean, list, object or null."""
        return self._add("retyped", match, field=field, as_=as_)

    def other_size(self, *, to: str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Report and render another size than was ordered."""
        return self._add("other_size", match, to=to)

    def other_duration(self, *, seconds: Duration | None = None, **match: Unpack[CommonCriteria]) -> FaultRuleResponse:
        """Report and render another length than was ordered."""
        return self._add("other_duration", match, seconds=seconds)

    def other_price(self, *, factor: float | str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Multiply balances and billing records by a factor."""
        return self._add("other_price", match, factor=factor)

    def other_id(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Change the task id."""
        return self._add("other_id", match)

    def not_found(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Answer as if the endpoint did not exist."""
        return self._add("not_found", match)

    def other_value(
        self,
        *,
        field: str,
        to: str | None = None,
        factor: float | str | None = None,
        if_value: str | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FaultRuleResponse:
        """Change the value of a field, or multiply it by a factor; `if_value`: only where it has this value."""
        return self._add("other_value", match, field=field, to=to, factor=factor, if_value=if_value)

    def extra(self, *, field: str, to: str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Add an unknown field."""
        return self._add("extra", match, field=field, to=to)

    def reordered(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Reverse the order of the fields."""
        return self._add("reordered", match)

    def other_envelope(self, *, form: str, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Send another envelope; `form`: bare or wrapped, and for errors: error, flat, detail or text."""
        return self._add("other_envelope", match, form=form)

    def other_status(self, *, code: int, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Send a success with another HTTP status."""
        return self._add("other_status", match, code=code)

    def other_refusal(
        self,
        *,
        kind: str | None = None,
        code: int | None = None,
        to: str | None = None,
        message: str | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FaultRuleResponse:
        """Send an error with another HTTP status, code or message."""
        return self._add("other_refusal", match, kind=kind, code=code, to=to, message=message)

    def other_limit(
        self,
        *,
        fact: str,
        low: float | None = None,
        high: float | None = None,
        allow: str | None = None,
        deny: str | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FaultRuleResponse:
        """Change a rule of the contract, or drop it."""
        return self._add("other_limit", match, fact=fact, low=low, high=high, allow=allow, deny=deny)

    def other_clip(self, *, what: str, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Send another kind of clip; `what`: sound, frames, picture, codec or container."""
        return self._add("other_clip", match, what=what)

    def other_range(self, *, how: str, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Answer Range requests wrongly; `how`: shifted, bytes, headerless or open."""
        return self._add("other_range", match, how=how)

    def other_header(self, *, name: str, to: str | None = None, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Change a header, or leave it out."""
        return self._add("other_header", match, name=name, to=to)

    def early_content(self, *, kind: str, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Send content in the place of the error `kind`: not_ready, task_failed or link_expired."""
        return self._add("early_content", match, kind=kind)

    def cross_account(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Give access to tasks and assets of other keys."""
        return self._add("cross_account", match)

    def auth_bypass(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Accept a wrong API key, or none."""
        return self._add("auth_bypass", match)

    def no_op(self, **match: Unpack[MatchCriteria]) -> FaultRuleResponse:
        """Report success, but change nothing."""
        return self._add("no_op", match)

    def _add(self, fault: str, criteria: Mapping[str, Any], /, **parameters: Any) -> FaultRuleResponse:
        match = match_table(criteria, self._key, fault, parameters)
        # `as` is a keyword of Python, so its parameter has an underscore here.
        values = {name.rstrip("_"): value for name, value in parameters.items() if value is not None}
        return self._post({"fault": fault, **values}, match, 4)

    def _post(self, fault: FaultSpec, match: Mapping[str, Any], caller: int) -> FaultRuleResponse:
        rule = self._transport.call("POST", "faults", FaultRuleResponse, {"fault": fault, "match": match})
        if rule.warning:
            warnings.warn(rule.warning, stacklevel=caller)
        return rule

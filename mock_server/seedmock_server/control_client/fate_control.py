"""Fate rules of a running emulator, with a typed method for each fate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from ..control.models import FateRuleResponse, FateRulesResponse, RemovalResponse
from .match_criteria import MatchCriteria, match_table
from .transport import ControlTransport

Duration = float | str
"""Seconds, or a string such as `2m`."""
FateSpec = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A text such as `moderated after=120s`, a table, or a list of tables with weights."""


class FateControl:
    """Rules for the outcome of tasks: of all calls or, with a key of its own, of that key's.

    `moderated(after="120s", times=1)` is `add("moderated after=120s", times=1)`. The first rule that matches a call
    applies. `queue`, `render` and `after` are the seconds in the queue, in progress, and until the end.
    Every method raises ControlClientError.
    """

    def __init__(self, transport: ControlTransport, key: str | None = None) -> None:
        self._transport = transport
        self._key = key

    def rules(self) -> FateRulesResponse:
        """List the rules and the defaults."""
        return self._transport.call("GET", "fates", FateRulesResponse)

    def add(self, fate: FateSpec, **match: Unpack[MatchCriteria]) -> FateRuleResponse:
        """Add a rule behind the others: calls that match get this fate."""
        return self._post(fate, match_table(match, self._key, "add", ()))

    def set_default(self, fate: FateSpec, *, key: str | None = None) -> FateRulesResponse:
        """Set the fate of calls that no rule matches."""
        return self._transport.call("PUT", "fates/default", FateRulesResponse, {"fate": fate, "key": key or self._key})

    def remove(self, rule_id: str) -> RemovalResponse:
        """Remove a rule by its id. Raises RequestRejected (404) for an unknown one."""
        return self._transport.call("DELETE", f"fates/{rule_id}", RemovalResponse)

    def clear(self, *, key: str | None = None) -> RemovalResponse:
        """Remove all rules and defaults, or those of a key."""
        return self._transport.call("DELETE", "fates", RemovalResponse, key=key or self._key)

    # --- one method for each fate ---

    def succeed(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """Succeed."""
        return self._add("succeed", match, queue=queue, render=render, after=after)

    def refused(self, *, why: str | None = None, **match: Unpack[MatchCriteria]) -> FateRuleResponse:
        """Refuse the order in moderation; `why`: face, text, image, video, audio or policy."""
        return self._add("refused", match, why=why)

    def moderated(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        what: str | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """Fail in moderation of the output; `what`: video or audio."""
        return self._add("moderated", match, queue=queue, render=render, after=after, what=what)

    def failed(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        code: str | None = None,
        charged: str | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """Fail, with one of the upstream's codes; `charged="yes"` charges it all the same."""
        return self._add("failed", match, queue=queue, render=render, after=after, code=code, charged=charged)

    def stuck(self, *, status: str | None = None, **match: Unpack[MatchCriteria]) -> FateRuleResponse:
        """Never end; `status`: queued or in_progress."""
        return self._add("stuck", match, status=status)

    def expired(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        raw_status: str | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """End as expired, with the status `raw_status`."""
        return self._add("expired", match, queue=queue, render=render, after=after, raw_status=raw_status)

    def slow(self, *, after: Duration | None = None, **match: Unpack[MatchCriteria]) -> FateRuleResponse:
        """Succeed late, after 900 s by default."""
        return self._add("slow", match, after=after)

    def not_started_first(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        duration: Duration | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """Succeed after undocumented early statuses, each for a `duration`; 1 s by default."""
        return self._add("not_started_first", match, queue=queue, render=render, after=after, duration=duration)

    def unknown_status(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        raw_status: str | None = None,
        duration: Duration | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """Show the unknown status `raw_status`, for a `duration` or for ever."""
        times = {"queue": queue, "render": render, "after": after, "duration": duration}
        return self._add("unknown_status", match, raw_status=raw_status, **times)

    def completed_without_url(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """Succeed without a clip."""
        return self._add("completed_without_url", match, queue=queue, render=render, after=after)

    def content_late(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        by: Duration | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """Succeed, with content that is not ready for 10 s more, or `by` a duration."""
        return self._add("content_late", match, queue=queue, render=render, after=after, by=by)

    def link_dead(
        self,
        *,
        queue: Duration | None = None,
        render: Duration | None = None,
        after: Duration | None = None,
        lifetime: Duration | None = None,
        **match: Unpack[MatchCriteria],
    ) -> FateRuleResponse:
        """Succeed, with a link that expires at once, or after a `lifetime`."""
        return self._add("link_dead", match, queue=queue, render=render, after=after, lifetime=lifetime)

    def active(self, *, after: Duration | None = None, **match: Unpack[MatchCriteria]) -> FateRuleResponse:
        """Activate an asset."""
        return self._add("active", match, after=after)

    def _add(self, fate: str, criteria: Mapping[str, Any], /, **parameters: Any) -> FateRuleResponse:
        match = match_table(criteria, self._key, fate, parameters)
        values = {name: value for name, value in parameters.items() if value is not None}
        return self._post({"fate": fate, **values}, match)

    def _post(self, fate: FateSpec, match: Mapping[str, Any]) -> FateRuleResponse:
        return self._transport.call("POST", "fates", FateRuleResponse, {"fate": fate, "match": match})

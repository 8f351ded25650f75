"""What must hold from one answer to the next, whatever was said between: what was made is there, what is gone is gone.

Checks like any other, for whoever holds a conversation of their own with an upstream that nobody else changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .conversation import Thing, Turn
from .failures import Look, Severity, broken, held
from .terms import ErrorKind, Fact, Operation

OURS = frozenset({ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED})
"""The kinds of error that are the upstream's own trouble."""
ABOUT_ASSETS = frozenset({Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE})


def nothing_breaks_the_upstream(turn: Turn) -> Iterator[Look]:
    """No request at all is answered with a failure of the upstream's own."""
    fact = _fact(turn)
    if turn.status_code >= 500 and not any(case.kind not in OURS for case in turn.cases):
        yield broken(fact, "a request broke the upstream", "an answer, or a refusal below 500", turn.status_code)
    else:
        yield held(fact, str(turn.status_code))


def what_is_unreadable_is_no_order(turn: Turn) -> Iterator[Look]:
    """A body that is no document orders nothing."""
    if turn.operation is None and turn.exchange.request.body:
        fact = turn.said.case(ErrorKind.MALFORMED)
        if turn.refused:
            yield held(fact, str(turn.status_code))
        else:
            yield broken(fact, "a body that is no document was taken", "a refusal", turn.status_code, Severity.WARNING)


def what_was_made_is_found(turn: Turn) -> Iterator[Look]:
    """A task is known to the key that made it, whatever was said since; an asset until it is deleted."""
    if turn.operation is None or turn.violations:
        return
    if turn.operation is Operation.QUERY and turn.story is not None and _own(turn, turn.story.caller):
        yield from _found(turn, f"task {turn.asked}")
    asset = turn.before.assets.get(turn.asked)
    if turn.operation in ABOUT_ASSETS and asset is not None and _own(turn, asset.caller) and asset.deleted is None:
        yield from _found(turn, f"asset {turn.asked}")


def what_was_deleted_is_gone(turn: Turn) -> Iterator[Look]:
    """An asset is gone when it was deleted, or its group; a group is gone when it was deleted."""
    thing = None
    if turn.operation in ABOUT_ASSETS:
        thing = turn.before.assets.get(turn.asked)
    elif turn.operation in (Operation.GROUP_DELETE, Operation.ASSET_CREATE):
        thing = turn.before.groups.get((turn.exchange.caller, turn.asked_group))
    if thing is None or thing.deleted is None or not _own(turn, thing.caller) or turn.violations:
        return
    fact = _fact(turn)
    if turn.refused:
        yield held(fact, str(turn.status_code))
    else:
        yield broken(fact, "what was deleted is still there", "a refusal", f"{turn.status_code} for {thing.id}")


def lists_tell_what_is_there(turn: Turn) -> Iterator[Look]:
    """A list has what its key made and not what it deleted; of pages, the first is looked at if it holds all."""
    if turn.refused or turn.operation not in (Operation.GROUP_LIST, Operation.ASSET_LIST):
        return
    listed = {str(item.get(name)) for item in _items(turn.data) for name in turn.said.id_fields if name in item}
    for thing in _things(turn):
        if thing.deleted is not None and thing.id in listed:
            yield broken(_fact(turn), "what was deleted is still listed", f"no {thing.id}", sorted(listed))
        elif thing.deleted is None and thing.id not in listed and _whole(turn):
            yield broken(_fact(turn), "what was made is not listed", thing.id, sorted(listed))
        else:
            yield held(_fact(turn), thing.id)


def _things(turn: Turn) -> list[Thing]:
    before, caller = turn.before, turn.exchange.caller
    if turn.operation is Operation.GROUP_LIST:
        return [group for group in before.groups.values() if group.caller == caller]
    asked = turn.asked_group
    return [
        asset
        for asset in before.assets.values()
        if asset.caller == caller and (not asked or asset.made.asked_group == asked)
    ]


def _whole(turn: Turn) -> bool:
    """Whether the answer can hold all that there is."""
    total = turn.data.get("total") if isinstance(turn.data, dict) else None
    return not isinstance(total, int) or total <= len(_items(turn.data))


def _items(data: Any) -> list[dict[str, Any]]:
    """The rows of a list, wherever an answer keeps them."""
    rows = data if isinstance(data, list) else next((v for v in data.values() if isinstance(v, list)), [])
    return [row for row in rows if isinstance(row, dict)]


def _found(turn: Turn, what: str) -> Iterator[Look]:
    if turn.refused:
        yield broken(_fact(turn), "what was made is not found", what, f"{turn.status_code}")
    else:
        yield held(_fact(turn), what)


def _own(turn: Turn, maker: str) -> bool:
    return turn.exchange.caller == maker


def _fact(turn: Turn) -> Fact:
    endpoints = (endpoint for endpoint in turn.said.endpoints if endpoint.operation is turn.operation)
    return next(endpoints, turn.said.bases[0])


EXPECTATIONS = (
    nothing_breaks_the_upstream,
    what_is_unreadable_is_no_order,
    what_was_made_is_found,
    what_was_deleted_is_gone,
    lists_tell_what_is_there,
)

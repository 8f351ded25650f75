"""Who may ask, and where: keys, paths, methods, kinds of body, and ids of what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from seedmock_contracts.endpoints import allowed_methods, match_route
from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.facts import Endpoint

from ..conversation.history import UNAUTHENTICATED, Interaction
from ..results.checks import CheckResult, failed, passed
from .rule_enforcement import OF_RULES, UNKNOWN, answered, is_elsewhere, unknown_kinds

LEFT_OUT = frozenset({"GET", "DELETE", "POST", "HEAD"})
"""Methods that an upstream may not route at all where another is served: an unknown URL says the same."""
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def authentication_is_required(turn: Interaction) -> Iterator[CheckResult]:
    """Without a key, or with a wrong one, every call is refused before anything else is looked at."""
    fact = turn.contract.find(f"{turn.contract.name}.auth")
    if fact is None or turn.exchange.caller not in UNAUTHENTICATED or _endpoint(turn) is None or turn.status_code == 0:
        return
    expected = turn.contract.error_case(ErrorKind.AUTHENTICATION).status
    if not turn.is_error:
        who = "with a wrong key" if turn.exchange.caller else "without a key"
        yield failed(fact, f"a call {who} is taken", expected, turn.status_code)
        return
    if any(case.kind is ErrorKind.AUTHENTICATION for case in turn.error_cases) or turn.status_code in (expected, 403):
        yield passed(fact, str(turn.status_code))
    elif turn.status_code not in (429, 500, 502, 503, 504):
        yield failed(fact, "another fault is looked at before the key", expected, turn.status_code)
        return
    yield from answered(turn, (ErrorKind.AUTHENTICATION,))


def _endpoint(turn: Interaction) -> Endpoint | None:
    """The endpoint that was asked; None for a link of a result's, and for what the page does not know."""
    url = urlsplit(turn.exchange.request.url)
    found = match_route(turn.contract, turn.exchange.request.method, url.path)
    if found is None or turn.operation is None:
        return None
    one = found.endpoint
    alike = (other for other in turn.contract.endpoints if (other.method, other.path) == (one.method, one.path))
    return next((other for other in alike if other.operation is turn.operation), one)


def unknown_ids_are_not_found(turn: Interaction) -> Iterator[CheckResult]:
    """A refusal of an id that was not given in this conversation says that there is no such thing."""
    kinds = UNKNOWN.get(turn.operation) if turn.operation is not None else None
    if kinds is None or not _asks_in_order(turn) or _endpoint(turn) is None or turn.task is not None:
        return
    if (
        not turn.requested_id
        or (turn.exchange.caller, turn.requested_id) in turn.history.groups
        or turn.requested_id in turn.history.assets
    ):
        return
    told = {case.kind for case in turn.error_cases}
    if told & {*kinds} or not told & OF_RULES:  # what is said of a rule is for those who judge rules
        yield from answered(turn, kinds)


def _asks_in_order(turn: Interaction) -> bool:
    return not turn.violations and turn.exchange.caller not in UNAUTHENTICATED


def endpoints_are_served(turn: Interaction) -> Iterator[CheckResult]:
    """An endpoint of the page's is there: under the base that was asked, by the method that the page gives."""
    endpoint = _endpoint(turn)
    if endpoint is None or turn.exchange.caller in UNAUTHENTICATED or turn.status_code in (0, 401, 403, 429):
        return
    due = {violation.kind for violation in turn.violations} | {*unknown_kinds(turn)}
    if is_elsewhere(turn, due):
        yield failed(endpoint, "the endpoint is not there", f"{endpoint.method} {endpoint.path}", turn.status_code)
    elif turn.status_code < 500 and turn.status_code not in (404, 405):
        yield passed(endpoint, f"{turn.exchange.request.method} {urlsplit(turn.exchange.request.url).path}")


def unknown_routes_are_rejected(turn: Interaction) -> Iterator[CheckResult]:
    """A path that is none of the upstream's is not found; a method that a path has not is not allowed there."""
    if turn.operation is not None or turn.exchange.caller in UNAUTHENTICATED or turn.status_code == 0:
        return
    method, path = turn.exchange.request.method, urlsplit(turn.exchange.request.url).path
    allowed = allowed_methods(turn.contract, path)
    # Under the other bases somebody else may be at home, where several upstreams share an origin.
    if method == "OPTIONS" or method in allowed or not path.startswith(f"{turn.contract.bases[0].prefix}/"):
        return
    kind = ErrorKind.METHOD_NOT_ALLOWED if allowed else ErrorKind.ROUTE_NOT_FOUND
    if not turn.is_error:
        case = turn.contract.error_case(kind)
        yield failed(case, "a call of no endpoint is taken", case.status, turn.status_code)
        return
    yield from answered(turn, (kind, ErrorKind.ROUTE_NOT_FOUND) if allowed and method in LEFT_OUT else (kind,))
    if turn.status_code == 405 and allowed:
        told = {name.strip().upper() for name in turn.headers.get("allow", "").split(",")}
        case = turn.contract.error_case(ErrorKind.METHOD_NOT_ALLOWED)
        if allowed <= told:
            yield passed(case, f"Allow: {turn.headers['allow']}")
        else:
            yield failed(case, "Allow does not tell the methods that there are", ", ".join(sorted(allowed)), told)


def invalid_bodies_are_rejected(turn: Interaction) -> Iterator[CheckResult]:
    """A body of another kind than the page's is refused as such; so is one that is not what it says it is."""
    endpoint = _endpoint(turn)
    if (
        endpoint is None
        or endpoint.method != "POST"
        or turn.exchange.caller in UNAUTHENTICATED
        or turn.document is not None
    ):
        return
    if not turn.exchange.request.body or turn.exchange.request.body.startswith("<"):
        return
    type_ = turn.request_headers.get("content-type", "").partition(";")[0].strip().lower()
    if type_ in FORMS or turn.status_code == 0:
        return
    if turn.operation not in turn.contract.rules and type_.endswith("json"):
        return
    json = type_ == "application/json" or type_.endswith("+json")
    kind = ErrorKind.MALFORMED if json else ErrorKind.UNSUPPORTED_MEDIA_TYPE
    case = turn.contract.error_case(kind)
    if not turn.is_error:
        yield failed(case, "a body that is no document is taken", case.status, turn.status_code)
    else:
        yield from answered(turn, (kind,) if json else (kind, ErrorKind.MALFORMED))


CHECKS = (
    authentication_is_required,
    unknown_ids_are_not_found,
    endpoints_are_served,
    unknown_routes_are_rejected,
    invalid_bodies_are_rejected,
)

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


def authentication_is_required(interaction: Interaction) -> Iterator[CheckResult]:
    """Without a key, or with a wrong one, every call is refused before anything else is looked at."""
    fact = interaction.contract.find(f"{interaction.contract.name}.auth")
    if (
        fact is None
        or interaction.exchange.caller not in UNAUTHENTICATED
        or _endpoint(interaction) is None
        or interaction.status_code == 0
    ):
        return
    expected = interaction.contract.error_case(ErrorKind.AUTHENTICATION).status
    if not interaction.is_error:
        who = "with a wrong key" if interaction.exchange.caller else "without a key"
        yield failed(fact, f"a call {who} is taken", expected, interaction.status_code)
        return
    if any(case.kind is ErrorKind.AUTHENTICATION for case in interaction.error_cases) or interaction.status_code in (
        expected,
        403,
    ):
        yield passed(fact, str(interaction.status_code))
    elif interaction.status_code not in (429, 500, 502, 503, 504):
        yield failed(fact, "another fault is looked at before the key", expected, interaction.status_code)
        return
    yield from answered(interaction, (ErrorKind.AUTHENTICATION,))


def _endpoint(interaction: Interaction) -> Endpoint | None:
    """The endpoint that was asked; None for a link of a result's, and for what the page does not know."""
    url = urlsplit(interaction.exchange.request.url)
    found = match_route(interaction.contract, interaction.exchange.request.method, url.path)
    if found is None or interaction.operation is None:
        return None
    one = found.endpoint
    alike = (other for other in interaction.contract.endpoints if (other.method, other.path) == (one.method, one.path))
    return next((other for other in alike if other.operation is interaction.operation), one)


def unknown_ids_are_not_found(interaction: Interaction) -> Iterator[CheckResult]:
    """A refusal of an id that was not given in this conversation says that there is no such thing."""
    kinds = UNKNOWN.get(interaction.operation) if interaction.operation is not None else None
    if (
        kinds is None
        or not _asks_in_order(interaction)
        or _endpoint(interaction) is None
        or interaction.task is not None
    ):
        return
    if (
        not interaction.requested_id
        or (interaction.exchange.caller, interaction.requested_id) in interaction.history.groups
        or interaction.requested_id in interaction.history.assets
    ):
        return
    told = {case.kind for case in interaction.error_cases}
    if told & {*kinds} or not told & OF_RULES:  # what is said of a rule is for those who judge rules
        yield from answered(interaction, kinds)


def _asks_in_order(interaction: Interaction) -> bool:
    return not interaction.violations and interaction.exchange.caller not in UNAUTHENTICATED


def endpoints_are_served(interaction: Interaction) -> Iterator[CheckResult]:
    """An endpoint of the page's is there: under the base that was asked, by the method that the page gives."""
    endpoint = _endpoint(interaction)
    if (
        endpoint is None
        or interaction.exchange.caller in UNAUTHENTICATED
        or interaction.status_code in (0, 401, 403, 429)
    ):
        return
    due = {violation.kind for violation in interaction.violations} | {*unknown_kinds(interaction)}
    if is_elsewhere(interaction, due):
        yield failed(
            endpoint, "the endpoint is not there", f"{endpoint.method} {endpoint.path}", interaction.status_code
        )
    elif interaction.status_code < 500 and interaction.status_code not in (404, 405):
        yield passed(
            endpoint, f"{interaction.exchange.request.method} {urlsplit(interaction.exchange.request.url).path}"
        )


def unknown_routes_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A path that is none of the upstream's is not found; a method that a path has not is not allowed there."""
    if (
        interaction.operation is not None
        or interaction.exchange.caller in UNAUTHENTICATED
        or interaction.status_code == 0
    ):
        return
    method, path = interaction.exchange.request.method, urlsplit(interaction.exchange.request.url).path
    allowed = allowed_methods(interaction.contract, path)
    # Under the other bases somebody else may be at home, where several upstreams share an origin.
    if method == "OPTIONS" or method in allowed or not path.startswith(f"{interaction.contract.bases[0].prefix}/"):
        return
    kind = ErrorKind.METHOD_NOT_ALLOWED if allowed else ErrorKind.ROUTE_NOT_FOUND
    if not interaction.is_error:
        case = interaction.contract.error_case(kind)
        yield failed(case, "a call of no endpoint is taken", case.status, interaction.status_code)
        return
    yield from answered(interaction, (kind, ErrorKind.ROUTE_NOT_FOUND) if allowed and method in LEFT_OUT else (kind,))
    if interaction.status_code == 405 and allowed:
        told = {name.strip().upper() for name in interaction.headers.get("allow", "").split(",")}
        case = interaction.contract.error_case(ErrorKind.METHOD_NOT_ALLOWED)
        if allowed <= told:
            yield passed(case, f"Allow: {interaction.headers['allow']}")
        else:
            yield failed(case, "Allow does not tell the methods that there are", ", ".join(sorted(allowed)), told)


def invalid_bodies_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A body of another kind than the page's is refused as such; so is one that is not what it says it is."""
    endpoint = _endpoint(interaction)
    if (
        endpoint is None
        or endpoint.method != "POST"
        or interaction.exchange.caller in UNAUTHENTICATED
        or interaction.document is not None
    ):
        return
    if not interaction.exchange.request.body or interaction.exchange.request.body.startswith("<"):
        return
    type_ = interaction.request_headers.get("content-type", "").partition(";")[0].strip().lower()
    if type_ in FORMS or interaction.status_code == 0:
        return
    if interaction.operation not in interaction.contract.rules and type_.endswith("json"):
        return
    json = type_ == "application/json" or type_.endswith("+json")
    kind = ErrorKind.MALFORMED if json else ErrorKind.UNSUPPORTED_MEDIA_TYPE
    case = interaction.contract.error_case(kind)
    if not interaction.is_error:
        yield failed(case, "a body that is no document is taken", case.status, interaction.status_code)
    else:
        yield from answered(interaction, (kind,) if json else (kind, ErrorKind.MALFORMED))


CHECKS = (
    authentication_is_required,
    unknown_ids_are_not_found,
    endpoints_are_served,
    unknown_routes_are_rejected,
    invalid_bodies_are_rejected,
)

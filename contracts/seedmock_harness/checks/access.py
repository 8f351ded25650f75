"""Checks of access: API keys, routes, methods, media types of bodies, and unknown ids."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from seedmock_contracts.endpoints import allowed_methods, match_route
from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.facts import Endpoint

from ..conversation.history import Interaction
from ..results.checks import CheckResult, failed, passed
from .error_responses import RULE_ERRORS, UNKNOWN_ID_ERRORS, check_error, is_endpoint_missing, unknown_id_errors

MAYBE_UNROUTED = frozenset({"GET", "DELETE", "POST", "HEAD"})
"""Methods for which an upstream may report an unknown route, not a wrong method, on the path of another method."""
FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
# A rate limit or a proxy may answer before the service has looked at the key.
INCONCLUSIVE = frozenset({429, 500, 502, 503, 504})


def authentication_is_required(interaction: Interaction) -> Iterator[CheckResult]:
    """A request without a key, or with an invalid one, is rejected before anything else is checked."""
    fact = interaction.find("auth")
    if fact is None or interaction.is_authenticated or interaction.status_code == 0 or _endpoint(interaction) is None:
        return
    expected = interaction.contract.error_case(ErrorKind.AUTHENTICATION).status
    if not interaction.is_error:
        credentials = "with an invalid key" if interaction.caller else "without a key"
        yield failed(fact, f"a request {credentials} is accepted", expected, interaction.status_code)
        return
    # Clients of one vendor take a 403 for a rejected key, too.
    if ErrorKind.AUTHENTICATION in interaction.error_kinds or interaction.status_code in (expected, 403):
        yield passed(fact, str(interaction.status_code))
    elif interaction.status_code not in INCONCLUSIVE:
        yield failed(fact, "another error is reported before the key is checked", expected, interaction.status_code)
        return
    yield from check_error(interaction, (ErrorKind.AUTHENTICATION,))


def _endpoint(interaction: Interaction) -> Endpoint | None:
    """The requested endpoint; None for a link to a result, and for an unknown route."""
    route = match_route(interaction.contract, interaction.method, urlsplit(interaction.url).path)
    if route is None or interaction.operation is None:
        return None
    same_route = (
        endpoint
        for endpoint in interaction.contract.endpoints
        if (endpoint.method, endpoint.path) == (route.endpoint.method, route.endpoint.path)
    )
    return next((endpoint for endpoint in same_route if endpoint.operation is interaction.operation), route.endpoint)


def unknown_ids_are_not_found(interaction: Interaction) -> Iterator[CheckResult]:
    """A request with an id that does not occur in the history gets the error of an unknown id."""
    kinds = UNKNOWN_ID_ERRORS.get(interaction.operation) if interaction.operation is not None else None
    if kinds is None or interaction.violations or not interaction.is_authenticated:
        return
    if interaction.task is not None or not interaction.requested_id or _endpoint(interaction) is None:
        return
    if interaction.document is None and interaction.operation in interaction.contract.body_operations:
        return  # the id is in the path, and the error may be about the body
    history, id_ = interaction.history, interaction.requested_id
    if (interaction.caller, id_) in history.groups or id_ in history.assets:
        return
    # The checks of rules judge the errors of rules.
    if interaction.error_kinds & {*kinds} or not interaction.error_kinds & RULE_ERRORS:
        yield from check_error(interaction, kinds)


def endpoints_are_served(interaction: Interaction) -> Iterator[CheckResult]:
    """Each documented endpoint exists, under the base URL of the request and with the documented method."""
    endpoint = _endpoint(interaction)
    if endpoint is None or not interaction.is_authenticated or interaction.status_code in (0, 401, 403, 429):
        return
    kinds = {violation.kind for violation in interaction.violations} | {*unknown_id_errors(interaction)}
    if is_endpoint_missing(interaction, kinds):
        expected = f"{endpoint.method} {endpoint.path}"
        yield failed(endpoint, "the endpoint does not exist", expected, interaction.status_code)
    elif interaction.status_code < 500 and interaction.status_code not in (404, 405):
        yield passed(endpoint, f"{interaction.method} {urlsplit(interaction.url).path}")


def unknown_routes_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """An unknown path is not found, and an undocumented method of a known path is not allowed."""
    if interaction.operation is not None or not interaction.is_authenticated or interaction.status_code == 0:
        return
    method, path = interaction.method, urlsplit(interaction.url).path
    allowed = allowed_methods(interaction.contract, path)
    # Only the first base: where several upstreams share an origin, the other prefixes may be another upstream's.
    # OPTIONS is a browser's preflight, which anything in front of the upstream may answer.
    if method == "OPTIONS" or method in allowed or not path.startswith(f"{interaction.contract.bases[0].prefix}/"):
        return
    kind = ErrorKind.METHOD_NOT_ALLOWED if allowed else ErrorKind.ROUTE_NOT_FOUND
    if not interaction.is_error:
        case = interaction.contract.error_case(kind)
        yield failed(case, "a request to an unknown route is accepted", case.status, interaction.status_code)
        return
    also_unrouted = allowed and method in MAYBE_UNROUTED
    yield from check_error(interaction, (kind, ErrorKind.ROUTE_NOT_FOUND) if also_unrouted else (kind,))
    if interaction.status_code == 405 and allowed:
        yield _check_allow_header(interaction, allowed)


def _check_allow_header(interaction: Interaction, allowed: frozenset[str]) -> CheckResult:
    case = interaction.contract.error_case(ErrorKind.METHOD_NOT_ALLOWED)
    listed = {name.strip().upper() for name in interaction.headers.get("allow", "").split(",")}
    if allowed <= listed:
        return passed(case, f"Allow: {interaction.headers['allow']}")
    return failed(case, "Allow does not list the methods of the path", ", ".join(sorted(allowed)), listed)


def invalid_bodies_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A body that is not of the documented media type, or not valid in its own type, is rejected for that."""
    if interaction.operation not in interaction.contract.body_operations or not interaction.is_authenticated:
        return
    body = interaction.exchange.request.body
    # A summary, such as <123 bytes of image/png>, is not what was sent.
    if interaction.document is not None or not body or body.startswith("<") or interaction.status_code == 0:
        return
    media_type = interaction.request_headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in FORM_TYPES:
        return
    if interaction.operation not in interaction.contract.rules and media_type.endswith("json"):
        return
    is_json = media_type == "application/json" or media_type.endswith("+json")
    kind = ErrorKind.MALFORMED if is_json else ErrorKind.UNSUPPORTED_MEDIA_TYPE
    case = interaction.contract.error_case(kind)
    if not interaction.is_error:
        yield failed(case, "an invalid body is accepted", case.status, interaction.status_code)
    else:
        yield from check_error(interaction, (kind,) if is_json else (kind, ErrorKind.MALFORMED))


CHECKS = (
    authentication_is_required,
    unknown_ids_are_not_found,
    endpoints_are_served,
    unknown_routes_are_rejected,
    invalid_bodies_are_rejected,
)

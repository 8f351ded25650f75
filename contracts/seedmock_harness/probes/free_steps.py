"""The free ladder: requests that must be refused before anything is made, and what they teach.

Knows no upstream: what is asked is read off the contract. The safest questions come first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import with_value
from seedmock_contracts.endpoints import allowed_methods, endpoint_path
from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import Document, Endpoint, MediaLimit
from seedmock_contracts.rules.boundaries import NO_SUCH_VALUE, BoundaryCase
from seedmock_contracts.rules.fields import JsonType, KnownModel
from seedmock_contracts.rules.rule import Rule

from ..conversation.history import UNAUTHENTICATED
from ..driver.client import Driver, Step
from ..results.checks import CheckResult, Severity, failed, passed
from .attribution import check_ignored_change, check_limits, normalized, send_document, signature
from .boundary_probes import UNKNOWN_ID, UNKNOWN_NUMBER, base_documents, probes_for
from .media_limits import media_limit_probe

NO_PATH = "/seedmock-no-such-path"
BODIES = (
    ("text/plain", b"prompt=a kite"),
    ("application/json", b'{"model": '),
    ("application/json", b'["prompt"]'),
)
"""What is no document: another kind of body, half a one, and one of another type."""
OTHER_METHODS = ("PUT", "PATCH")
Run = Callable[[Driver], Iterable[CheckResult]]


def free_steps(contract: Contract) -> tuple[Step, ...]:
    """The steps that cost nothing, the safest first."""
    steps = [
        _step("auth", "a call without a key, or with a wrong one, is refused", _auth),
        _step("unknown", "what does not exist is not found", _unknown),
        _step("paths", "other paths are not found", _paths),
        _step("methods", "other methods are not allowed", _methods),
        _step("bodies", "bodies that are no documents are refused", _bodies),
        _step("bases", "every base serves the same", _bases),
    ]
    if any(endpoint.operation is Operation.GROUP_CREATE for endpoint in contract.endpoints):
        steps.append(_step("library", "groups come and go, and belong to a key", _library))
    steps += [
        _of_rule(contract, operation, rule)
        for operation, rule in sorted(_rules(contract), key=lambda pair: pair[0] in ORDERS)
    ]
    steps.append(_step("models", "every model is known, and renders what it should", _models))
    if contract.find(f"{contract.name}.multipart") is not None:
        steps.append(_step("forms", "a form says the same as JSON", _forms))
    steps.append(_step("indifference", "null and unknown fields make no difference", _indifference))
    steps += [_of_limit(contract, limit) for limit in contract.limits if media_limit_probe(contract, limit) is not None]
    return tuple(steps)


def _step(name: str, says: str, run: Run) -> Step:
    return Step(f"free.{name}", says, run)


def _rules(contract: Contract) -> Iterator[tuple[Operation, Rule]]:
    """The rules that a request can break: in a query string all is text, so that none breaks a rule on types."""
    for operation, rules in contract.rules.items():
        endpoint = next(endpoint for endpoint in contract.endpoints if endpoint.operation is operation)
        for rule in rules:
            if endpoint.method != "GET" or not isinstance(rule, JsonType):
                yield operation, rule


def _of_rule(contract: Contract, operation: Operation, rule: Rule) -> Step:
    name = rule.fact.id.removeprefix(f"{contract.name}.")
    return _step(name, f"{operation}: the limits of {rule.field}", partial(_edges, operation=operation, rule=rule))


def _edges(driver: Driver, operation: Operation, rule: Rule) -> Iterator[CheckResult]:
    yield from check_limits(driver, operation, rule)
    _tidy(driver)


def _of_limit(contract: Contract, limit: MediaLimit) -> Step:
    name = limit.id.removeprefix(f"{contract.name}.")

    def run(driver: Driver) -> Iterator[CheckResult]:
        found = media_limit_probe(driver.contract, limit)
        if found is not None:
            yield from check_limits(driver, Operation.CREATE, found.rule, (found,))

    return _step(name, f"{limit.kind}: {limit.quantity}", run)


# --- who asks, and where ---


def _endpoints(contract: Contract) -> Iterator[Endpoint]:
    """Each method and path once: the first operation of those that share one."""
    seen = set()
    for endpoint in contract.endpoints:
        if (endpoint.method, endpoint.path) not in seen:
            seen.add((endpoint.method, endpoint.path))
            yield endpoint


def _strangely(contract: Contract, operation: Operation) -> Document:
    """A document for an operation that makes nothing: of ids that nobody has, or with nothing in it."""
    found = base_documents(contract.name, operation) if operation in contract.rules and operation not in ORDERS else ()
    return found[0] if found and operation is not Operation.GROUP_CREATE else {}


def _ask(driver: Driver, endpoint: Endpoint, *, caller: str = "first", base: int = 0) -> None:
    document = _strangely(driver.contract, endpoint.operation)
    params = {"task_id": UNKNOWN_ID, **{name: str(value) for name, value in document.items()}}
    body = None if endpoint.method == "GET" and not document else document
    driver.call(endpoint.operation, body, caller=caller, params=params, base=base)


def _auth(driver: Driver) -> Iterable[CheckResult]:
    for endpoint in _endpoints(driver.contract):
        for caller in UNAUTHENTICATED:
            if not caller or caller in driver.keys:
                _ask(driver, endpoint, caller=caller)
    return ()


def _unknown(driver: Driver) -> Iterable[CheckResult]:
    contract = driver.contract
    for endpoint in _endpoints(contract):
        _ask(driver, endpoint)
        if "{" in endpoint.path or driver.history.interactions[-1].status_code == 404:
            yield from _there(driver, endpoint)
    if Operation.ASSET_LIST in contract.rules:
        driver.call(Operation.ASSET_LIST, {"group_id": UNKNOWN_NUMBER})


def _there(driver: Driver, endpoint: Endpoint) -> Iterator[CheckResult]:
    """Whether what was just asked is refused otherwise than a path that there is not."""
    contract, here = driver.contract, signature(driver.history.interactions[-1])
    method, path = endpoint_path(contract, endpoint.operation, {"task_id": UNKNOWN_ID})
    nowhere = signature(driver.send(None, method, f"{contract.bases[0].prefix}{NO_PATH}/{UNKNOWN_ID}"))
    if _alike(here, path) != _alike(nowhere, f"{contract.bases[0].prefix}{NO_PATH}/{UNKNOWN_ID}"):
        yield passed(endpoint, path)
    elif driver.history.interactions[-1].body is not None:
        title = "an endpoint is refused as a path is that there is not"
        yield failed(endpoint, title, "another answer", here[0], Severity.WARNING)


def _alike(said: tuple[object, ...], path: str) -> tuple[object, ...]:
    return normalized(normalized(said, path), path.rpartition("/")[0])


def _paths(driver: Driver) -> Iterable[CheckResult]:
    prefix = driver.contract.bases[0].prefix
    paths = {
        f"{prefix}{endpoint.path.replace('{task_id}', UNKNOWN_ID)}{NO_PATH}" for endpoint in driver.contract.endpoints
    }
    for path in (f"{prefix}{NO_PATH}", *sorted(paths)):
        for method in ("GET", "POST"):
            if not allowed_methods(driver.contract, path):
                driver.send(None, method, path)
    return ()


def _methods(driver: Driver) -> Iterable[CheckResult]:
    seen = set()
    for endpoint in _endpoints(driver.contract):
        _, path = endpoint_path(driver.contract, endpoint.operation, {"task_id": UNKNOWN_ID})
        for method in OTHER_METHODS:
            if (method, path) not in seen:
                seen.add((method, path))
                driver.send(None, method, path)
    return ()


def _bodies(driver: Driver) -> Iterable[CheckResult]:
    for endpoint in _endpoints(driver.contract):
        if endpoint.method == "POST":
            _, path = endpoint_path(driver.contract, endpoint.operation, {"task_id": UNKNOWN_ID})
            for type_, body in BODIES:
                driver.send(endpoint.operation, "POST", path, body, headers={"content-type": type_})
    return ()


def _bases(driver: Driver) -> Iterator[CheckResult]:
    contract = driver.contract
    for number, base in enumerate(contract.bases):
        nowhere = signature(driver.send(None, "POST", f"{base.prefix}{NO_PATH}"))
        here = driver.call(Operation.CREATE, {}, base=number)
        if (
            here.is_error
            and normalized(signature(here), f"{base.prefix}{NO_PATH}") != nowhere
            and here.status_code < 500
        ):
            yield passed(base, f"{base.prefix}: {here.status_code}")
        else:
            severity = Severity.INFO if number else None  # its host may be another than the one that is asked
            yield failed(base, "nothing is served under a base", base.prefix, here.status_code, severity)


# --- what can be done for nothing ---


def _library(driver: Driver) -> Iterable[CheckResult]:
    contract = driver.contract
    for endpoint in contract.endpoints:
        if endpoint.operation in (Operation.BALANCE, Operation.MODELS):
            driver.call(endpoint.operation)
    made = driver.call(Operation.GROUP_CREATE, contract.example(Operation.GROUP_CREATE)).created_id
    driver.call(Operation.GROUP_LIST)
    if made is not None:
        driver.call(Operation.ASSET_LIST, {"group_id": _number(made)})
        if "second" in driver.keys:
            driver.call(Operation.GROUP_LIST, caller="second")
            driver.call(Operation.ASSET_LIST, {"group_id": _number(made)}, caller="second")
            driver.call(Operation.GROUP_DELETE, {"id": _number(made)}, caller="second")
    _tidy(driver)
    driver.call(Operation.GROUP_LIST)
    return ()


def _number(id_: str) -> int | str:
    return int(id_) if id_.isdigit() else id_


def _tidy(driver: Driver) -> None:
    """Delete the groups that were made."""
    for group in list(driver.history.groups.values()):
        if group.deletion is None:
            driver.call(Operation.GROUP_DELETE, {"id": _number(group.id)}, caller=group.caller)


def _models(driver: Driver) -> Iterator[CheckResult]:
    contract = driver.contract
    known = _known(contract)
    for model in contract.models:
        if model.upscales:
            yield from _upscaler(driver, model.name)
            continue
        base = base_documents(contract.name, Operation.CREATE)[0]
        edges = [
            BoundaryCase(known.violating_document(base, contract.request.layout), False, NO_SUCH_VALUE, gross=True)
        ]
        for resolution in model.resolutions:
            document = contract.request.write(base, {"model": model.name, **_form(contract, base, resolution)})
            edges.append(BoundaryCase(document, True, f"{model.name} {resolution}", fact=model))
        yield from check_limits(driver, Operation.CREATE, known, probes_for(contract, Operation.CREATE, known, edges))


def _known(contract: Contract) -> Rule:
    return next(rule for rule in contract.rules[Operation.CREATE] if isinstance(rule, KnownModel))


def _form(contract: Contract, base: Document, resolution: str) -> Document:
    size = next(row for row in contract.sizes if row.resolution == resolution)
    by_size = contract.request.read(base, "size") is not None
    return {"size": size.text} if by_size else {"resolution": resolution}


def _upscaler(driver: Driver, name: str) -> Iterator[CheckResult]:
    """A model of upscales is known if a fault beside it is blamed otherwise than beside an unknown model."""
    document = with_value(
        base_documents(driver.contract.name, Operation.UPSCALE)[0], "callback_url", "ftp://example.com/"
    )
    nobody = send_document(driver, Operation.CREATE, {**document, "model": NO_SUCH_VALUE})
    other = driver.contract.models[0].name
    known = send_document(driver, Operation.CREATE, {**document, "model": other})
    interaction = send_document(driver, Operation.UPSCALE, document)
    fact = driver.contract.model(name)
    if fact is None or normalized(signature(known), other) == normalized(signature(nobody), NO_SUCH_VALUE):
        return  # what is wrong beside the model is looked at before it
    if normalized(signature(interaction), name) == normalized(signature(nobody), NO_SUCH_VALUE):
        yield failed(fact, "a model is refused", f"{name} is known", interaction.status_code)
    else:
        yield passed(fact, f"{name} is known")


def _indifference(driver: Driver) -> Iterator[CheckResult]:
    contract = driver.contract
    null = {contract.request.path("generate_audio"): None}
    for name, change in (("null", null), ("unknown_fields", {"x_seedmock": {"any": 1}})):
        fact = contract.find(f"{contract.name}.{name}")
        if fact is not None:
            yield from check_ignored_change(driver, fact, _known(contract), change)


def _forms(driver: Driver) -> Iterator[CheckResult]:
    """A form is taken if what it says wrong is blamed as in JSON."""
    contract = driver.contract
    fact = contract.fact(f"{contract.name}.multipart")
    document = {"model": NO_SUCH_VALUE, "prompt": "A kite over a field."}
    plain = send_document(driver, Operation.CREATE, document)
    line = '--seedmock\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = "".join(line.format(name, value) for name, value in document.items()) + "--seedmock--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=seedmock"}
    method, path = endpoint_path(contract, Operation.CREATE, {})
    form = driver.send(Operation.CREATE, method, path, body.encode(), headers=headers)
    if signature(form) == signature(plain):
        yield passed(fact, f"{form.status_code}")
    else:
        yield failed(fact, "a form is answered otherwise than JSON", plain.status_code, form.status_code)

"""Free steps of a verification: requests that every upstream must reject before it creates anything.

They follow from the contract. The ones that are least likely to cost anything come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import Document, Field
from seedmock_contracts.rules.boundaries import NO_SUCH_VALUE, BoundaryCase
from seedmock_contracts.rules.fields import JsonType, KnownModel, RequiredField
from seedmock_contracts.rules.rule import Rule

from ..driver.client import Driver, Step
from ..results.checks import CheckResult, failed, passed
from .access_steps import access_steps, delete_groups
from .attribution import normalized, send_document, signature
from .base_documents import base_documents
from .boundary_probes import probes_for
from .limit_checks import check_ignored_change, check_limits
from .step_descriptions import describe_rule

FORM_FIELD = '--seedmock\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
FORM_TYPE = "multipart/form-data; boundary=seedmock"


def free_steps(contract: Contract) -> tuple[Step, ...]:
    """All free steps of an upstream, in the order in which they are taken."""
    steps = [*access_steps(contract)]
    rules = sorted(_probed_rules(contract), key=lambda pair: pair[0] in ORDERS)
    steps += [_rule_step(contract, operation, rule) for operation, rule in rules]
    steps.append(Step("free.models", "every model is known, and renders its resolutions", _check_models))
    if contract.find_own("multipart") is not None:
        steps.append(Step("free.forms", "a form gets the same response as JSON", _check_form))
    steps.append(Step("free.ignored_fields", "null and unknown fields are ignored", _check_ignored_fields))
    return tuple(steps)


def _probed_rules(contract: Contract) -> Iterator[tuple[Operation, Rule]]:
    """The rules that a request can break. In a query string every value is text, so that rules on types cannot be."""
    for operation, rules in contract.rules.items():
        endpoint = contract.endpoint(operation)
        for rule in rules:
            if endpoint is not None and (endpoint.method != "GET" or not isinstance(rule, JsonType)):
                yield operation, rule


def _rule_step(contract: Contract, operation: Operation, rule: Rule) -> Step:
    def run(driver: Driver) -> Iterator[CheckResult]:
        # Some of the cases are valid names of groups, which are created.
        yield from check_limits(driver, operation, rule)
        delete_groups(driver)

    name = rule.fact.id.removeprefix(f"{contract.name}.")
    return Step(f"free.{name}", describe_rule(contract, operation, rule), run)


def _check_models(driver: Driver) -> Iterator[CheckResult]:
    contract, layout = driver.contract, driver.contract.request.layout
    rule = _model_rule(contract)
    for model in contract.models:
        if model.upscales:
            yield from _check_upscale_model(driver, model.name)
            continue
        base = base_documents(contract.name, Operation.CREATE)[0]
        cases = [BoundaryCase(rule.violating_document(base, layout), False, NO_SUCH_VALUE, gross=True)]
        for resolution in model.resolutions:
            parts = {"model": model.name, **_size_parts(contract, base, resolution)}
            document = contract.request.write(base, parts)
            cases.append(BoundaryCase(document, True, f"{model.name} {resolution}", fact=model))
        yield from check_limits(driver, Operation.CREATE, rule, probes_for(contract, Operation.CREATE, rule, cases))


def _model_rule(contract: Contract) -> Rule:
    return next(rule for rule in contract.rules[Operation.CREATE] if isinstance(rule, KnownModel))


def _size_parts(contract: Contract, base: Document, resolution: str) -> Document:
    size = next(row for row in contract.sizes if row.resolution == resolution)
    if contract.request.read(base, "size") is not None:
        return {"size": size.text}
    return {"resolution": resolution} if contract.field("resolution") is not None else {}


def _check_upscale_model(driver: Driver, name: str) -> Iterator[CheckResult]:
    """A model of upscales is known if a violation gets another response than with an unknown model."""
    request, base = driver.contract.request, base_documents(driver.contract.name, Operation.UPSCALE)[0]
    if driver.contract.field("resolution", Operation.UPSCALE) is None:
        return  # no violation is known that says nothing about the model
    document = request.write(base, {"resolution": NO_SUCH_VALUE}, Operation.UPSCALE)
    unknown = signature(send_document(driver, Operation.CREATE, request.write(document, {"model": NO_SUCH_VALUE})))
    other = driver.contract.models[0].name
    with_other = signature(send_document(driver, Operation.CREATE, request.write(document, {"model": other})))
    interaction = send_document(driver, Operation.UPSCALE, document)
    model = driver.contract.model(name)
    if model is None or normalized(with_other, other) == normalized(unknown, NO_SUCH_VALUE):
        return  # the violation is found before an unknown model
    if normalized(signature(interaction), name) == normalized(unknown, NO_SUCH_VALUE):
        yield failed(model, "a model is rejected", f"{name} is known", interaction.status_code)
    else:
        yield passed(model, f"{name} is known")


def _check_ignored_fields(driver: Driver) -> Iterator[CheckResult]:
    contract = driver.contract
    optional = contract.field("generate_audio") or _optional_field(contract)
    null = {} if optional is None else {optional.path: None}
    for name, change in (("null", null), ("unknown_fields", {"x_seedmock": {"any": 1}})):
        fact = contract.find_own(name)
        if fact is not None and change:
            yield from check_ignored_change(driver, fact, _model_rule(contract), change)


def _optional_field(contract: Contract) -> Field | None:
    """The first top-level field that an order may leave out."""
    required = {rule.field for rule in contract.rules[Operation.CREATE] if isinstance(rule, RequiredField)}
    fields = (field for field in contract.fields if field.operation is Operation.CREATE)
    return next((field for field in fields if field.path not in required and field.path.isidentifier()), None)


def _check_form(driver: Driver) -> Iterator[CheckResult]:
    """A form is supported if an invalid one gets the response of the same fields in JSON."""
    contract = driver.contract
    fact = contract.own_fact("multipart")
    document = contract.request.write({}, {"model": NO_SUCH_VALUE, "prompt": "A kite over a field."})
    json_response = send_document(driver, Operation.CREATE, document)
    body = "".join(FORM_FIELD.format(name, value) for name, value in document.items()) + "--seedmock--\r\n"
    method, path = endpoint_path(contract, Operation.CREATE, {})
    headers = {"content-type": FORM_TYPE}
    form_response = driver.send(Operation.CREATE, method, path, body.encode(), headers=headers)
    if signature(form_response) == signature(json_response):
        yield passed(fact, f"{form_response.status_code}")
    else:
        title = "a form gets another response than JSON"
        yield failed(fact, title, json_response.status_code, form_response.status_code)

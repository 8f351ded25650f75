"""Completeness of a contract: what its readers take for granted, checked once when the contract is first asked for.

Without this, the part that a new upstream lacks is told by the request or the check that first needs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from ..contract import Contract
from ..enums import SUBJECTS, AssetStatus, Capability, ErrorKind, Operation, StatusContext, TaskStatus
from ..errors import InvalidContract
from ..facts import Endpoint
from ..rules.fields import KnownModel

RUNNING_AND_ENDED = (TaskStatus.QUEUED, TaskStatus.IN_PROGRESS, TaskStatus.SUCCESS, TaskStatus.FAILURE)
CODES = (ErrorKind.MODERATION_INPUT, ErrorKind.MODERATION_OUTPUT, ErrorKind.TASK_FAILED)


def check_contract(contract: Contract, name: str) -> None:
    """Raise InvalidContract with a sentence for each part that the contract of this upstream lacks."""
    problems = [problem for check in CHECKS for problem in check(contract)]
    if contract.name != name:
        problems.insert(0, f"name is {contract.name!r}; expected the name of its module, {name!r}")
    if problems:
        raise InvalidContract(name, problems)


def _identities(contract: Contract) -> Iterator[str]:
    for fact in contract.facts():
        if not fact.id.startswith(f"{contract.name}."):
            yield f"the fact {fact.id!r} has the id of another upstream; expected {contract.name}.…"
    for field in ("bases", "models", "sizes", "modes"):
        if not getattr(contract, field):
            yield f"{field} is empty; expected at least one"
    if contract.find_own("auth") is None:
        yield f"behaviours lacks {contract.name}.auth, the fact about API keys"


def _endpoints(contract: Contract) -> Iterator[str]:
    operations = Counter(endpoint.operation for endpoint in contract.endpoints)
    lacking = (operation for operation in (Operation.CREATE, Operation.QUERY) if not operations[operation])
    yield from (f"endpoints lacks {operation}" for operation in lacking)
    yield from (f"endpoints has {operation} {count} times" for operation, count in operations.items() if count > 1)
    for endpoint in contract.endpoints:
        if endpoint.operation in SUBJECTS and not endpoint.parameters:
            yield from _unnamed_subject(contract, endpoint)
    if not {Capability.LINKS, Capability.CONTENT} & contract.capabilities:
        yield "no way to a clip; expected an endpoint of content, or response.link_paths"


def _unnamed_subject(contract: Contract, endpoint: Endpoint) -> Iterator[str]:
    kind, path = SUBJECTS[endpoint.operation], contract.request.path(SUBJECTS[endpoint.operation], endpoint.operation)
    names = {field.path for field in contract.fields if field.operation is endpoint.operation}
    if path not in names:
        where = f"{endpoint.method} {endpoint.path}"
        yield f"{where} ({endpoint.operation}) names no {kind}: request.paths[{kind!r}] is {path!r}, which is no field"


def _requests(contract: Contract) -> Iterator[str]:
    described = {Operation.CREATE, *contract.rules, *(field.operation for field in contract.fields)}
    lacking = [operation for operation in Operation if operation in described - set(contract.request.examples)]
    yield from (f"request.examples lacks {operation}, which has fields or rules" for operation in lacking)
    if not any(isinstance(rule, KnownModel) for rule in contract.rules.get(Operation.CREATE, ())):
        yield "rules of create lacks KnownModel, which says what models there are"
    if not lacking and contract.request.read(contract.example(Operation.CREATE), "seconds") is None:
        yield "the example of create has no seconds; expected the length of the shortest clip"
    for part in ("model", "prompt", "seconds"):
        if contract.field(part) is None:
            yield f"fields lacks {contract.request.path(part)!r}, the {part} of an order"


def _errors(contract: Contract) -> Iterator[str]:
    names = {envelope.name for envelope in contract.response.envelopes}
    kinds = {case.kind for case in contract.errors if not case.style}
    yield from (f"errors lacks {kind}" for kind in ErrorKind if kind not in kinds)
    for case in contract.errors:
        if case.envelope not in names:
            yield f"{case.id} has the envelope {case.envelope!r}; response.envelopes has {_listed(names)}"
    yield from (f"fail_codes lacks {kind}" for kind in CODES if kind not in {row.kind for row in contract.fail_codes})
    if all(field.operation is not None for field in contract.response_fields):
        yield "response_fields lacks those of error responses, whose operation is None"


def _statuses(contract: Contract) -> Iterator[str]:
    expected = [(StatusContext.CREATE, TaskStatus.QUEUED)]
    expected += [(StatusContext.QUERY, status) for status in RUNNING_AND_ENDED]
    if contract.endpoint(Operation.CANCEL) is not None:
        expected.append((StatusContext.QUERY, TaskStatus.CANCELLED))
    spelled = {(row.context, row.status) for row in contract.status_spellings if not row.variant}
    for context, status in expected:
        if (context, status) not in spelled:
            yield f"status_spellings lacks {status} in the response to a {context}"
    statuses: dict[str, TaskStatus] = {}
    for row in contract.status_spellings:
        if statuses.setdefault(row.spelling.lower(), row.status) is not row.status:
            yield f"{row.id} spells {row.status} as {row.spelling!r}, which is {statuses[row.spelling.lower()]}"


def _responses(contract: Contract) -> Iterator[str]:
    for field in ("id_paths", "status_paths", "envelopes"):
        if not getattr(contract.response, field):
            yield f"response.{field} is empty; expected at least one"
    if contract.endpoint(Operation.TASK_LIST) is not None and not contract.response.list_path:
        yield "response.list_path is empty, but there is an endpoint of task_list"


def _prices(contract: Contract) -> Iterator[str]:
    priced = {(row.model, row.resolution) for row in contract.tariffs}
    for model in contract.models if contract.tariffs else ():
        for resolution in model.resolutions:
            if (model.name, resolution) not in priced:
                yield f"tariffs lacks {model.name} at {resolution}"
    if not contract.tariffs and (contract.token_bill is None or contract.token_price is None):
        yield "no prices; expected tariffs, or token_bill with token_price"


def _terms(contract: Contract) -> Iterator[str]:
    if contract.endpoint(Operation.ASSET_CREATE) is not None:
        yield from _asset_terms(contract)
    resolutions = {target for model in contract.models if model.upscales for target in model.resolutions}
    if resolutions and contract.upscaling is None:
        yield "upscaling is None, but a model upscales; expected what it bills, and the side of each resolution"
    elif contract.upscaling is not None and resolutions - set(contract.upscaling.sides):
        yield f"upscaling.sides lacks {_listed(resolutions - set(contract.upscaling.sides))}"


def _asset_terms(contract: Contract) -> Iterator[str]:
    if contract.assets is None:
        yield "assets is None, but there is an endpoint of asset_create; expected the fee and the words of the library"
        return
    if missing := [status for status in AssetStatus if status not in contract.assets.statuses]:
        yield f"assets.statuses lacks {', '.join(missing)}"
    for part in ("url", "asset_type", "group"):
        if contract.field(part, Operation.ASSET_CREATE) is None:
            path = contract.request.path(part, Operation.ASSET_CREATE)
            yield f"fields lacks {path!r}, the {part} of an asset; request.paths can name another one"
    described = {field.path for field in contract.response_fields if field.operation is Operation.ASSET_LIST}
    for part in ("assets", "total", "page", "page_size"):
        path = contract.response.path(part)
        if contract.endpoint(Operation.ASSET_LIST) is not None and _in_envelope(contract, path) not in described:
            yield f"response_fields lacks {path!r}, the {part} of a page of assets; response.paths can name another one"


def _in_envelope(contract: Contract, path: str) -> str:
    key = contract.response.envelope_key
    return f"{key}.{path}" if key else path


def _listed(names: set[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names)) or "none"


CHECKS: tuple[Callable[[Contract], Iterator[str]], ...] = (
    _identities,
    _endpoints,
    _requests,
    _errors,
    _statuses,
    _responses,
    _prices,
    _terms,
)

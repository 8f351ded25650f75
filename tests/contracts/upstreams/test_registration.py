"""Registration of an upstream: a part that its contract lacks is named when the contract is first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from seedmock_contracts import upstreams
from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import AssetStatus, ErrorKind, Operation, StatusContext, TaskStatus
from seedmock_contracts.errors import InvalidContract
from seedmock_contracts.facts import Endpoint
from seedmock_contracts.rules.fields import KnownModel
from seedmock_contracts.terms import AssetTerms, UpscaleTerms
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_contracts.upstreams._completeness import check_contract

OPEAI = get_contract("opeai")
PAGE = OPEAI.endpoints[0].evidence


def problems_of(contract: Contract, name: str = "opeai") -> tuple[str, ...]:
    with pytest.raises(InvalidContract) as caught:
        check_contract(contract, name)
    assert str(caught.value).startswith(f"the upstream {name!r} is incomplete:\n- ")
    return caught.value.problems


@pytest.mark.parametrize("name", NAMES)
def test_the_contracts_of_the_upstreams_are_complete(name: str) -> None:
    check_contract(get_contract(name), name)


def without(operation: Operation) -> Contract:
    return replace(OPEAI, endpoints=tuple(row for row in OPEAI.endpoints if row.operation is not operation))


def with_endpoint(operation: Operation, method: str, path: str) -> Contract:
    return replace(OPEAI, endpoints=(*OPEAI.endpoints, Endpoint(f"opeai.{operation}", PAGE, operation, method, path)))


def renamed(envelope: str) -> Contract:
    return replace(OPEAI, errors=(replace(OPEAI.errors[0], envelope=envelope), *OPEAI.errors[1:]))


INCOMPLETE: dict[str, Callable[[], Contract]] = {
    "opeai.error.authentication has the envelope ''; response.envelopes has 'error', ": lambda: renamed(""),
    "errors lacks rate_limit": lambda: replace(
        OPEAI, errors=tuple(case for case in OPEAI.errors if case.kind is not ErrorKind.RATE_LIMIT)
    ),
    "endpoints lacks query": lambda: without(Operation.QUERY),
    "endpoints has create 2 times": lambda: with_endpoint(Operation.CREATE, "PUT", "/videos"),
    "no way to a clip; expected an endpoint of content": lambda: without(Operation.CONTENT),
    "POST /stop (cancel) names no task: request.paths['task'] is 'task', which": lambda: with_endpoint(
        Operation.CANCEL, "POST", "/stop"
    ),
    "status_spellings lacks CANCELLED in the response to a query": lambda: with_endpoint(
        Operation.CANCEL, "POST", "/videos/{task_id}/stop"
    ),
    "response.list_path is empty": lambda: with_endpoint(Operation.TASK_LIST, "GET", "/videos"),
    "request.examples lacks create": lambda: replace(OPEAI, request=replace(OPEAI.request, examples={})),
    "rules of create lacks KnownModel": lambda: replace(
        OPEAI, rules={Operation.CREATE: tuple(r for r in OPEAI.rules[Operation.CREATE] if type(r) is not KnownModel)}
    ),
    "fields lacks 'prompt', the prompt of an order": lambda: replace(
        OPEAI, fields=tuple(field for field in OPEAI.fields if field.path != "prompt")
    ),
    "fail_codes lacks task_failed": lambda: replace(
        OPEAI, fail_codes=tuple(row for row in OPEAI.fail_codes if row.kind is not ErrorKind.TASK_FAILED)
    ),
    "status_spellings lacks SUCCESS in the response to a query": lambda: replace(
        OPEAI,
        status_spellings=tuple(
            row
            for row in OPEAI.status_spellings
            if (row.context, row.status) != (StatusContext.QUERY, TaskStatus.SUCCESS)
        ),
    ),
    "which is FAILURE": lambda: replace(
        OPEAI, status_spellings=(*OPEAI.status_spellings, replace(OPEAI.status_spellings[3], spelling="failure"))
    ),
    "response.id_paths is empty": lambda: replace(OPEAI, response=replace(OPEAI.response, id_paths=())),
    "response_fields lacks those of error responses": lambda: replace(
        OPEAI, response_fields=tuple(field for field in OPEAI.response_fields if field.operation is not None)
    ),
    "no prices; expected tariffs, or token_bill with token_price": lambda: replace(OPEAI, token_price=None),
    "tariffs lacks seedance-2-0-fast at 480p": lambda: replace(
        OPEAI, tariffs=tuple(replace(row, model="seedance-2-0") for row in get_contract("apimodels").tariffs[:1])
    ),
    "bases is empty; expected at least one": lambda: replace(OPEAI, bases=()),
    "behaviours lacks opeai.auth, the fact about API keys": lambda: replace(OPEAI, behaviours=OPEAI.behaviours[1:]),
}


APIMODELS = get_contract("apimodels")
FEE = APIMODELS.amounts[0]
INCOMPLETE_TERMS: dict[str, Callable[[], Contract]] = {
    "assets is None, but there is an endpoint of asset_create": lambda: replace(APIMODELS, assets=None),
    "assets.statuses lacks Failed": lambda: replace(
        APIMODELS, assets=replace(assets_of(APIMODELS), statuses={status: status for status in list(AssetStatus)[:2]})
    ),
    "fields lacks 'asset_type', the asset_type of an asset": lambda: replace(
        APIMODELS, fields=tuple(field for field in APIMODELS.fields if field.path != "asset_type")
    ),
    "response_fields lacks 'total', the total of a page of assets": lambda: replace(
        APIMODELS, response_fields=tuple(row for row in APIMODELS.response_fields if row.path != "data.total")
    ),
    "upscaling is None, but a model upscales": lambda: replace(APIMODELS, upscaling=None),
    "upscaling.sides lacks '4k'": lambda: replace(
        APIMODELS, upscaling=replace(upscaling_of(APIMODELS), sides={"720p": FEE, "1080p": FEE, "2k": FEE})
    ),
}


def assets_of(contract: Contract) -> AssetTerms:
    assert contract.assets is not None
    return contract.assets


def upscaling_of(contract: Contract) -> UpscaleTerms:
    assert contract.upscaling is not None
    return contract.upscaling


@pytest.mark.parametrize(("problem", "make"), INCOMPLETE_TERMS.items(), ids=INCOMPLETE_TERMS)
def test_terms_that_are_missing_are_named(problem: str, make: Callable[[], Contract]) -> None:
    (text,) = problems_of(make(), "apimodels")
    assert problem in text


def test_facts_of_terms_are_facts_of_the_contract() -> None:
    """Wherever a value of the terms is not among the amounts: reports know its fact."""
    lean = replace(APIMODELS, amounts=())
    terms, upscaling = assets_of(lean), upscaling_of(lean)
    assert {*lean.facts()} >= {
        terms.fee,
        terms.processing_seconds,
        upscaling.minimum_seconds,
        *upscaling.sides.values(),
    }


@pytest.mark.parametrize(("problem", "make"), INCOMPLETE.items(), ids=INCOMPLETE)
def test_a_part_that_is_missing_is_named(problem: str, make: Callable[[], Contract]) -> None:
    assert any(problem in text for text in problems_of(make()))


def test_a_contract_of_another_name_is_not_taken_for_its_module() -> None:
    assert problems_of(OPEAI, "copy")[0] == "name is 'opeai'; expected the name of its module, 'copy'"


def test_operations_with_a_body_have_an_example_or_take_an_upload() -> None:
    assert with_endpoint(Operation.CANCEL, "POST", "/videos/{task_id}/stop").body_operations == {Operation.CREATE}
    apimodels = get_contract("apimodels")
    posts = {endpoint.operation for endpoint in apimodels.endpoints if endpoint.method == "POST"}
    assert apimodels.body_operations == posts


def test_ids_are_named_by_the_path_or_by_the_contract() -> None:
    stop = with_endpoint(Operation.CANCEL, "POST", "/groups/{group}/weaves/{weave}/stop")
    assert (stop.id_parameter(Operation.CANCEL), stop.id_parameter(Operation.CREATE)) == ("weave", "")
    names = {operation: get_contract("apimodels").id_parameter(operation) for operation in Operation}
    assert names[Operation.QUERY] == names[Operation.RECORD] == "task_id"
    assert names[Operation.ASSET_GET] == names[Operation.GROUP_DELETE] == "id"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder that is put on the import path after the upstreams were first listed."""
    assert "late" not in NAMES
    package = tmp_path / "seedmock_contracts" / "upstreams"
    package.mkdir(parents=True)
    path = list(upstreams.__path__)
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    upstreams.__path__[:] = path
    upstreams._names_on.cache_clear()
    for module in [module for module in sys.modules if module.endswith("upstreams.late")]:
        del sys.modules[module]


def test_an_upstream_on_a_path_that_came_later_is_found(folder: Path) -> None:
    (folder / "late.py").write_text("CONTRACT = 7\n", encoding="utf-8")
    assert tuple(NAMES) == ("apimodels", "late", "opeai")
    with pytest.raises(InvalidContract, match=r"the upstream 'late' is incomplete:\n- CONTRACT is of type int"):
        get_contract("late")


def test_a_module_without_a_contract_is_named(folder: Path) -> None:
    (folder / "late.py").write_text("CONTRACTS = ()\n", encoding="utf-8")
    assert "late" in NAMES
    with pytest.raises(InvalidContract, match=r"- seedmock_contracts.upstreams.late has no CONTRACT"):
        get_contract("late")


def test_a_package_without_a_module_for_an_upstream_is_named() -> None:
    expected = r"- no module seedmock_client.upstreams.late; it stands as seedmock_client/upstreams/late.py on the path"
    with pytest.raises(InvalidContract, match=expected):
        upstreams.import_part("seedmock_client.upstreams", "late", "CODEC")

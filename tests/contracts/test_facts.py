"""Form of facts, errors and variants; every assumption belongs to a variant or is an open question."""

from __future__ import annotations

import re
import string
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import NODEFAULT
from msgspec.structs import asdict, fields

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis, Capability, ErrorKind, Operation
from seedmock_contracts.facts import Fact, Field
from seedmock_contracts.rules.fields import JsonType
from seedmock_contracts.upstreams import NAMES, contracts, contracts_with, get_contract

from ..each_case import each_case

FIXTURES = Path(__file__).parents[2] / "fixtures"
ID = re.compile(r"[a-z]+(\.[A-Za-z0-9_:\-]+)+")
PLACEHOLDERS = {"field", "value", "allowed", "detail", "nested"}
CASES = [case for contract in contracts() for case in contract.errors]


def all_occurrences(contract: Contract) -> list[Fact]:
    """Facts of all fields and rules, with repetitions."""
    own = [item for value in asdict(contract).values() for item in _items(value) if isinstance(item, Fact)]
    return own + [rule.fact for rules in (*contract.rules.values(), contract.advice) for rule in rules]


def _items(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else ()


def test_ids_are_dotted_and_begin_with_their_upstream(contract: Contract) -> None:
    for fact in all_occurrences(contract):
        assert ID.fullmatch(fact.id), fact.id
        assert fact.id.startswith(f"{contract.name}."), fact.id


def test_an_id_belongs_to_one_fact(contract: Contract) -> None:
    facts: dict[str, Fact] = {}
    for fact in all_occurrences(contract):
        assert facts.setdefault(fact.id, fact) == fact
    assert set(facts) == {fact.id for fact in contract.facts()}
    ids = [fact.id for fact in contract.facts()]
    assert len(ids) == len(set(ids))
    assert len(ids) > 100


def test_every_fact_has_a_source_and_a_basis(contract: Contract) -> None:
    for fact in contract.facts():
        assert fact.source.strip()
        assert len(fact.source) > 8, fact.id
        assert fact.basis in Basis


def test_facts_cannot_be_changed(contract: Contract) -> None:
    for fact in contract.facts():
        with pytest.raises(AttributeError, match="immutable"):
            fact.id = "other"  # type: ignore[misc]


def test_every_field_of_a_request_has_a_rule_on_its_type(contract: Contract) -> None:
    with_type_rule = {rule.fact.id for rules in contract.rules.values() for rule in rules if isinstance(rule, JsonType)}
    assert {field.id for field in contract.fields} == with_type_rule


def test_a_default_has_the_type_of_its_field(contract: Contract) -> None:
    names = {str: "string", int: "number", bool: "boolean"}
    for field in contract.fields:
        assert field.default is None or names[type(field.default)] in field.types, field.id


def test_an_operation_has_each_field_once(contract: Contract) -> None:
    paths = [(field.operation, field.path) for field in contract.fields]
    assert len(paths) == len(set(paths))


def test_every_operation_has_one_endpoint(contract: Contract) -> None:
    operations = [endpoint.operation for endpoint in contract.endpoints]
    assert len(operations) == len(set(operations))
    assert set(contract.rules) <= set(operations)
    assert {field.operation for field in contract.fields} <= set(operations)
    assert {endpoint.method for endpoint in contract.endpoints} <= {"GET", "POST"}


@each_case("kind", ErrorKind)
def test_every_upstream_has_a_case_for_every_error_kind(contract: Contract, kind: ErrorKind) -> None:
    case = contract.error_case(kind)
    assert case.kind is kind
    assert case.style == ""


def test_a_style_without_its_own_case_has_the_default_one(contract: Contract) -> None:
    for style in {case.style for case in contract.errors}:
        for kind in ErrorKind:
            assert contract.error_case(kind, style).style in ("", style)
    pairs = [(case.kind, case.style) for case in contract.errors]
    assert len(pairs) == len(set(pairs))


@each_case("case", CASES)
def test_an_error_case_has_a_status_and_known_placeholders_only(case: Any) -> None:
    assert case.status in range(200, 600)
    assert case.message
    assert placeholders(case) <= PLACEHOLDERS


@given(
    value=st.text(st.characters(exclude_categories=()), max_size=9)
    | st.sampled_from(["{field}", "{0}", "{", "%s", "\x00"])
)
def test_every_error_message_can_be_formatted_with_any_value(value: str) -> None:
    for case in CASES:  # all cases with one value: drawing a value takes longer than formatting them
        assert case.message.format(**dict.fromkeys(PLACEHOLDERS, value)).count(value) >= len(placeholders(case))


def placeholders(case: Any) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(case.message) if name is not None}


def test_styles_of_errors_are_options_of_a_variant(contract: Contract) -> None:
    options = {option for variant in contract.variants for option in variant.options}
    assert {case.style.partition(".")[0] for case in contract.errors} - {
        ""
    } <= options  # behind the dot: a case within it


def test_a_variant_has_several_options_and_its_default_is_one(contract: Contract) -> None:
    for variant in contract.variants:
        assert variant.default in variant.options
        assert len(set(variant.options)) == len(variant.options) > 1
        assert contract.defaults[variant.id] == variant.default
        assert len(variant.description) > 20


def assumptions(upstream: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((FIXTURES / upstream / "assumptions.toml").read_text(encoding="utf-8"))


def test_every_assumption_belongs_to_a_variant_or_is_an_open_question(contract: Contract) -> None:
    listed = assumptions(contract.name)
    patterns = [*listed["governed"], *listed["open"]]
    assumed = [fact.id for fact in contract.facts() if fact.basis is Basis.ASSUMED]
    assert [id_ for id_ in assumed if not any(fnmatchcase(id_, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(fnmatchcase(id_, pattern) for id_ in assumed)] == []
    assert set(listed["governed"].values()) <= set(contract.defaults)
    assert all(question.endswith("?") for question in listed["open"].values())


def test_upstreams_are_found_by_their_folder() -> None:
    assert NAMES == ("apimodels", "opeai")
    assert [contract.name for contract in contracts()] == list(NAMES)
    with pytest.raises(LookupError, match="available: apimodels, opeai"):
        get_contract("sora")


def test_both_contracts_have_all_required_fields() -> None:
    apimodels, opeai = contracts()
    for field in fields(Contract):
        optional = field.default is not NODEFAULT
        assert type(getattr(apimodels, field.name)) is type(getattr(opeai, field.name)) or optional, field.name
    for name in (
        "bases",
        "endpoints",
        "models",
        "modes",
        "fields",
        "sizes",
        "limits",
        "status_spellings",
        "errors",
        "variants",
    ):
        assert getattr(apimodels, name), name
        assert getattr(opeai, name), name


def test_models_are_resolved_by_name_and_by_tier(contract: Contract) -> None:
    for model in contract.models:
        assert contract.model(model.name) is contract.resolve_model(model.name) is model
        assert contract.resolve_model(model.tier) is model
    assert contract.resolve_model(None) is contract.models[0]
    assert contract.model("sora") is contract.resolve_model("sora") is None
    assert contract.model(contract.models[0].tier) is None


def test_every_resolution_of_a_generating_model_has_all_ratios(contract: Contract) -> None:
    ratios = {size.ratio for size in contract.sizes}
    assert len(ratios) == 6
    for model in contract.models:
        if not model.upscales:
            for resolution in model.resolutions:
                assert {size.ratio for size in contract.sizes if size.resolution == resolution} == ratios


def test_sizes_are_even_and_near_their_ratio(contract: Contract) -> None:
    for size in contract.sizes:
        width, height = (int(part) for part in size.ratio.split(":"))
        assert size.width % 2 == size.height % 2 == 0
        assert size.width / size.height == pytest.approx(width / height, rel=0.025)


def test_common_sizes_are_equal_in_both_upstreams() -> None:
    apimodels, opeai = contracts()
    for size in apimodels.sizes:
        other = opeai.size(size.resolution, size.ratio)
        assert other is not None
        assert other.text == size.text


def test_only_apimodels_has_upscales_and_assets() -> None:
    apimodels, opeai = contracts()
    assert {endpoint.operation for endpoint in opeai.endpoints} == {
        Operation.CREATE,
        Operation.QUERY,
        Operation.CONTENT,
        Operation.MODELS,
    }
    in_neither = {Operation.CALLBACK, Operation.CANCEL, Operation.TASK_LIST}
    assert {endpoint.operation for endpoint in apimodels.endpoints} == set(Operation) - {Operation.CONTENT, *in_neither}


def test_capabilities_follow_from_endpoints_and_formats() -> None:
    apimodels, opeai = contracts()
    assert apimodels.capabilities == {Capability.ASSETS, Capability.UPSCALE, Capability.CALLBACKS, Capability.LINKS}
    assert opeai.capabilities == {Capability.CONTENT}
    assert contracts_with(Capability.ASSETS) == (apimodels,)
    assert contracts_with(Capability.CANCEL) == ()


def test_repr_of_a_fact_contains_its_id() -> None:
    field = get_contract("opeai").fields[0]
    assert isinstance(field, Field)
    assert "opeai.create.model" in repr(field)

"""Every rule of both upstreams: the example is valid, and the violating document violates this rule only."""

from __future__ import annotations

from typing import Any

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Violation
from seedmock_contracts.rules.cross_field import (
    AtLeastOneOf,
    MaxReferences,
    ModelResolutions,
    RequiresField,
    RoleMatchesType,
)
from seedmock_contracts.rules.fields import (
    MAX_COUNTED,
    JsonType,
    KnownModel,
    MaxLength,
    NumberRange,
    OneOf,
    PromptLength,
    RequiredField,
    UnsupportedField,
    UrlScheme,
    WholeNumber,
)
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_contracts.validation import condition, notices, violations
from seedmock_contracts.validation.unread import unknown_fields

from ..each_case import each_case

# Rules that can report another field than their own: the missing one, or the one with the unsupported value.
OTHER_FIELDS = {
    RequiresField: {"resolution": ("ratio",), "ratio": ("resolution",)},
    ModelResolutions: {"resolution": ("size",)},
}
# Rules whose message contains the value; the others report a count, a length, or a missing field.
WITH_VALUE = (
    JsonType,
    OneOf,
    WholeNumber,
    NumberRange,
    UrlScheme,
    UnsupportedField,
    ModelResolutions,
    RoleMatchesType,
)
RULES = [
    (contract, operation, rule)
    for contract in contracts()
    for operation, rules in contract.rules.items()
    for rule in rules
]
TEXT = {"model": "seedance-2-0", "prompt": "A kite over a field.", "size": "1280x720", "seconds": "4"}


def variants_of(rule: Rule) -> dict[str, str]:
    """Variants under which a rule applies."""
    only = condition(rule)
    return dict([only]) if only else {}


def single(violations: list[Violation]) -> Violation:
    assert len(violations) == 1, [violation.fact.id for violation in violations]
    return violations[0]


def violating(contract: Contract, operation: Operation, rule: Rule) -> dict[str, Any]:
    return rule.violating_document(contract.example(operation, rule), contract.request.layout)


def test_every_example_is_valid(contract: Contract) -> None:
    results = [
        violations(contract.name, operation, example)
        for operation, examples in contract.request.examples.items()
        for example in examples
    ]
    assert results
    assert not any(results)


def test_every_operation_with_rules_has_an_example_of_known_fields(contract: Contract) -> None:
    assert set(contract.rules) == set(contract.request.examples)
    for operation, examples in contract.request.examples.items():
        assert all(unknown_fields(contract.name, operation, example) == [] for example in examples)


@each_case("contract, operation, rule", RULES)
def test_the_example_for_a_rule_is_valid_under_its_variant(
    contract: Contract, operation: Operation, rule: Rule
) -> None:
    assert violations(contract.name, operation, contract.example(operation, rule), variants_of(rule)) == []


@each_case("contract, operation, rule", RULES)
def test_the_violating_document_violates_exactly_its_rule(contract: Contract, operation: Operation, rule: Rule) -> None:
    violation = single(violations(contract.name, operation, violating(contract, operation, rule), variants_of(rule)))
    assert violation.fact is rule.fact
    assert violation.kind is rule.kind


@each_case("contract, operation, rule", RULES)
def test_the_violating_document_leaves_the_example_unchanged(
    contract: Contract, operation: Operation, rule: Rule
) -> None:
    before = repr(contract.example(operation, rule))
    assert violating(contract, operation, rule) != contract.example(operation, rule)
    assert repr(contract.example(operation, rule)) == before


@each_case("contract, operation, rule", RULES)
def test_a_violation_names_the_field_and_the_allowed_values(
    contract: Contract, operation: Operation, rule: Rule
) -> None:
    violation = single(violations(contract.name, operation, violating(contract, operation, rule), variants_of(rule)))
    assert violation.field.startswith((rule.top_field, *OTHER_FIELDS.get(type(rule), {}).get(rule.top_field, ())))
    assert violation.field in violation.message
    assert violation.allowed
    assert violation.message.isascii()
    assert violation.allowed in violation.message or isinstance(rule, UnsupportedField)
    assert format_value(violation.value) in violation.message or not isinstance(rule, WITH_VALUE)


@each_case("contract, operation, rule", RULES)
def test_a_rule_of_an_option_does_not_apply_under_others(contract: Contract, operation: Operation, rule: Rule) -> None:
    only = condition(rule)
    if only is None:
        assert not getattr(rule, "variant", "")
        return
    variant = next(variant for variant in contract.variants if variant.id == only[0])
    assert only[1] in variant.options
    document = violating(contract, operation, rule)
    for option in set(variant.options) - {only[1]}:
        assert violations(contract.name, operation, document, {variant.id: option}) == []


def test_default_options_apply_without_variants() -> None:
    both = {**TEXT, "resolution": "720p", "ratio": "16:9"}
    assert single(violations("opeai", Operation.CREATE, both)).fact.id == "opeai.create.size.exclusive"
    assert violations("opeai", Operation.CREATE, both, {"opeai.size_with_resolution": "accept"}) == []
    assert violations("opeai", Operation.CREATE, {**TEXT, "seed": 5}) == []
    violation = single(violations("opeai", Operation.CREATE, {**TEXT, "seed": 5}, {"opeai.seed": "reject"}))
    assert violation.fact.id == "opeai.create.seed.refused"


def test_an_operation_without_rules_has_no_violations() -> None:
    assert violations("opeai", Operation.CONTENT, {"anything": 1}) == []


def test_rules_have_their_error_kind() -> None:
    assert RequiredField.kind is AtLeastOneOf.kind is ErrorKind.MISSING_PARAMETER
    assert KnownModel.kind is ErrorKind.UNKNOWN_MODEL
    assert NumberRange.kind is MaxReferences.kind is JsonType.kind is ErrorKind.INVALID_PARAMETER


@pytest.mark.parametrize("missing", ["model", "prompt", "size", "seconds"])
def test_opeai_reports_each_missing_field_by_name(missing: str) -> None:
    document = {name: value for name, value in TEXT.items() if name != missing}
    violation = single(violations("opeai", Operation.CREATE, document))
    assert (violation.field, violation.kind) == (missing, ErrorKind.MISSING_PARAMETER)
    assert violation.message.startswith(f"{missing} is missing")


def test_an_empty_document_reports_missing_fields_in_the_order_of_the_page() -> None:
    assert [violation.field for violation in violations("opeai", Operation.CREATE, {})] == [
        "model",
        "prompt",
        "size",
        "seconds",
    ]
    assert [violation.field for violation in violations("apimodels", Operation.CREATE, {})] == ["model", "prompt"]


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u3000"])
def test_a_blank_prompt_is_missing(contract: Contract, blank: str) -> None:
    document = {**contract.example(Operation.CREATE), "prompt": blank}
    assert single(violations(contract.name, Operation.CREATE, document)).message.startswith("prompt is blank")


def test_null_counts_as_absent(contract: Contract) -> None:
    document = dict(contract.example(Operation.CREATE))
    nulls = {field.path: None for field in contract.fields if field.path.isidentifier() and field.path not in document}
    assert violations(contract.name, Operation.CREATE, {**nulls, **document}) == []


def test_a_long_prompt_is_valid_with_a_notice(contract: Contract) -> None:
    document = dict(contract.example(Operation.CREATE))
    advice = contract.advice[0]
    assert isinstance(advice, PromptLength)
    for prompt, noticed in [
        ("字" * 500, False),
        ("字" * 501, True),
        ("kite " * 1000, False),
        ("kite " * 1001, True),
        ("kite " * 600 + "字" * 500, False),
        ("字" * 501 + " kite", True),
    ]:
        assert violations(contract.name, Operation.CREATE, {**document, "prompt": prompt}) == []
        assert bool(notices(contract.name, {**document, "prompt": prompt})) is noticed
    assert (
        single(notices(contract.name, advice.violating_document(document, contract.request.layout))).fact.id
        == f"{contract.name}.create.prompt.length"
    )
    assert notices(contract.name, {"prompt": 7}) == []


def test_unknown_fields_are_listed() -> None:
    assert unknown_fields("opeai", Operation.CREATE, {**TEXT, "watermark": False}) == ["watermark"]
    assert unknown_fields("opeai", Operation.CREATE, {"input_reference": {"content": []}}) == []
    assert unknown_fields("apimodels", Operation.UPSCALE, {"videoUrl": "", "prompt": ""}) == ["prompt"]
    assert unknown_fields("apimodels", Operation.CREATE, {"reference_image_urls": []}) == []


def test_a_null_in_a_list_has_the_wrong_type() -> None:
    sent = {"model": get_contract("apimodels").models[0].name, "prompt": "A kite.", "reference_image_urls": [None]}
    assert single(violations("apimodels", Operation.CREATE, sent)).field == "reference_image_urls[0]"
    item = single(violations("opeai", Operation.CREATE, {**TEXT, "input_reference": {"content": [None]}}))
    assert item.fact.id == "opeai.create.content.item"


@pytest.mark.parametrize(
    ("seconds", "rule"),
    [
        ("4", None),
        (15, None),
        ("4.0", None),
        (4.0, None),
        ("3", "range"),
        (16, "range"),
        ("-5", "range"),
        ("4.5", "whole"),
        (4.5, "whole"),
        ("five", "whole"),
        ("4s", "whole"),
        ("0x4", "whole"),
        ("\u0664", "whole"),
        (10**400, "range"),
        (-(10**400), "range"),
        ("9" * 18, "range"),
    ],
)
def test_seconds_of_opeai_are_a_number_or_a_string_with_one(seconds: Any, rule: str | None) -> None:
    ids = [violation.fact.id for violation in violations("opeai", Operation.CREATE, {**TEXT, "seconds": seconds})]
    assert ids == ([f"opeai.create.seconds.{rule}"] if rule else [])


def test_blank_seconds_are_first_reported_as_missing() -> None:
    first = violations("opeai", Operation.CREATE, {**TEXT, "seconds": " "})[0]
    assert first.fact.id == "opeai.create.seconds.required"


@pytest.mark.parametrize("seconds", [True, [4], {"value": 4}])
def test_a_value_of_another_type_violates_the_type_rule_only(seconds: Any) -> None:
    violation = single(violations("opeai", Operation.CREATE, {**TEXT, "seconds": seconds}))
    assert violation.fact.id == "opeai.create.seconds"
    assert violation.allowed == "string or integer or number"


def test_a_name_has_at_most_64_characters() -> None:
    for operation, rules in get_contract("apimodels").rules.items():
        for rule in rules:
            if isinstance(rule, MaxLength):
                document = {**get_contract("apimodels").example(operation), "name": "n" * 64}
                assert violations("apimodels", operation, document) == []
                violation = single(violations("apimodels", operation, {**document, "name": "n" * 65}))
                assert "has 65 characters" in violation.message


def test_of_a_very_long_prompt_only_the_beginning_is_counted() -> None:
    for beyond in (0, 5_000_000):
        prompt = "n " * (MAX_COUNTED // 2) + "n " * beyond
        message = single(notices("opeai", {**TEXT, "prompt": prompt})).message
        assert f"{'has at least' if beyond else 'has'} 0 Chinese characters and {MAX_COUNTED // 2} words" in message
    assert notices("opeai", {**TEXT, "prompt": "n" * MAX_COUNTED + " n" * MAX_COUNTED}) == []

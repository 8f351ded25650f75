"""Every rule of both upstreams: the example keeps it, its own way of breaking breaks it and nothing else."""

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
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation import condition, notices, unknown_fields, violations

# Rules that report another field than their own: the one that is missing, or the one that asks for too much.
PARTNERS = {
    RequiresField: {"resolution": ("ratio",), "ratio": ("resolution",)},
    ModelResolutions: {"resolution": ("size",)},
}
# Rules whose message shows what was sent; the others say how many, how long, or that it is missing.
SHOW_THE_VALUE = (
    JsonType,
    OneOf,
    WholeNumber,
    NumberRange,
    UrlScheme,
    UnsupportedField,
    ModelResolutions,
    RoleMatchesType,
)
Spoken = tuple[Contract, Operation, Rule]
TEXT = {"model": "seedance-2-0", "prompt": "A kite over a field.", "size": "1280x720", "seconds": "4"}


def under(rule: Rule) -> dict[str, str]:
    """The variants under which a rule holds."""
    held = condition(rule)
    return dict([held]) if held else {}


def one(found: list[Violation]) -> Violation:
    assert len(found) == 1, [violation.fact.id for violation in found]
    return found[0]


def shortest(contract: Contract, operation: Operation, rule: Rule) -> dict[str, Any]:
    return rule.violating_document(contract.example(operation, rule), contract.request.layout)


def test_every_example_keeps_every_rule(contract: Contract) -> None:
    kept = [
        violations(contract.name, operation, example)
        for operation, every in contract.request.examples.items()
        for example in every
    ]
    assert kept
    assert not any(kept)


def test_every_operation_with_rules_has_an_example_of_the_fields_that_it_names(contract: Contract) -> None:
    assert set(contract.rules) == set(contract.request.examples)
    for operation, examples in contract.request.examples.items():
        assert all(unknown_fields(contract.name, operation, example) == [] for example in examples)


def test_the_example_for_a_rule_keeps_the_rule_in_its_variant(spoken_rule: Spoken) -> None:
    said, operation, rule = spoken_rule
    assert violations(said.name, operation, said.example(operation, rule), under(rule)) == []


def test_breaking_a_rule_breaks_exactly_that_rule(spoken_rule: Spoken) -> None:
    said, operation, rule = spoken_rule
    violation = one(violations(said.name, operation, shortest(said, operation, rule), under(rule)))
    assert violation.fact is rule.fact
    assert violation.kind is rule.kind


def test_breaking_a_rule_leaves_the_example_as_it_was(spoken_rule: Spoken) -> None:
    said, operation, rule = spoken_rule
    before = repr(said.example(operation, rule))
    assert shortest(said, operation, rule) != said.example(operation, rule)
    assert repr(said.example(operation, rule)) == before


def test_a_violation_names_the_field_and_what_is_allowed(spoken_rule: Spoken) -> None:
    said, operation, rule = spoken_rule
    violation = one(violations(said.name, operation, shortest(said, operation, rule), under(rule)))
    assert violation.field.startswith((rule.top_field, *PARTNERS.get(type(rule), {}).get(rule.top_field, ())))
    assert violation.field in violation.message
    assert violation.allowed
    assert violation.message.isascii()
    assert violation.allowed in violation.message or isinstance(rule, UnsupportedField)
    assert format_value(violation.value) in violation.message or not isinstance(rule, SHOW_THE_VALUE)


def test_a_rule_in_a_variant_is_silent_in_the_others(spoken_rule: Spoken) -> None:
    said, operation, rule = spoken_rule
    held = condition(rule)
    if held is None:
        assert not getattr(rule, "variant", "")
        return
    variant = next(variant for variant in said.variants if variant.id == held[0])
    assert held[1] in variant.options
    broken = shortest(said, operation, rule)
    for option in set(variant.options) - {held[1]}:
        assert violations(said.name, operation, broken, {variant.id: option}) == []


def test_without_variants_the_defaults_hold() -> None:
    both = {**TEXT, "resolution": "720p", "ratio": "16:9"}
    assert one(violations("opeai", Operation.CREATE, both)).fact.id == "opeai.create.size.exclusive"
    assert violations("opeai", Operation.CREATE, both, {"opeai.size_with_resolution": "accept"}) == []
    assert violations("opeai", Operation.CREATE, {**TEXT, "seed": 5}) == []
    refused = one(violations("opeai", Operation.CREATE, {**TEXT, "seed": 5}, {"opeai.seed": "reject"}))
    assert refused.fact.id == "opeai.create.seed.refused"


def test_an_operation_without_a_body_has_nothing_to_break() -> None:
    assert violations("opeai", Operation.CONTENT, {"anything": 1}) == []


def test_rules_speak_of_the_kind_of_error_that_they_are() -> None:
    assert RequiredField.kind is AtLeastOneOf.kind is ErrorKind.MISSING_PARAMETER
    assert KnownModel.kind is ErrorKind.UNKNOWN_MODEL
    assert NumberRange.kind is MaxReferences.kind is JsonType.kind is ErrorKind.INVALID_PARAMETER


@pytest.mark.parametrize("missing", ["model", "prompt", "size", "seconds"])
def test_b_reports_each_missing_field_by_its_name(missing: str) -> None:
    document = {name: value for name, value in TEXT.items() if name != missing}
    violation = one(violations("opeai", Operation.CREATE, document))
    assert (violation.field, violation.kind) == (missing, ErrorKind.MISSING_PARAMETER)
    assert violation.message.startswith(f"{missing} is missing")


def test_an_empty_document_names_everything_that_is_missing_in_the_order_of_the_page() -> None:
    assert [violation.field for violation in violations("opeai", Operation.CREATE, {})] == [
        "model",
        "prompt",
        "size",
        "seconds",
    ]
    assert [violation.field for violation in violations("apimodels", Operation.CREATE, {})] == ["model", "prompt"]


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u3000"])
def test_a_blank_prompt_is_no_prompt(contract: Contract, blank: str) -> None:
    document = {**contract.example(Operation.CREATE), "prompt": blank}
    assert one(violations(contract.name, Operation.CREATE, document)).message.startswith("prompt is blank")


def test_null_means_left_out(contract: Contract) -> None:
    document = dict(contract.example(Operation.CREATE))
    nulls = {field.path: None for field in contract.fields if field.path.isidentifier() and field.path not in document}
    assert violations(contract.name, Operation.CREATE, {**nulls, **document}) == []


def test_a_long_prompt_is_taken_with_a_notice(contract: Contract) -> None:
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
        one(notices(contract.name, advice.violating_document(document, contract.request.layout))).fact.id
        == f"{contract.name}.create.prompt.length"
    )
    assert notices(contract.name, {"prompt": 7}) == []


def test_unknown_fields_are_told_apart() -> None:
    assert unknown_fields("opeai", Operation.CREATE, {**TEXT, "watermark": False}) == ["watermark"]
    assert unknown_fields("opeai", Operation.CREATE, {"input_reference": {"content": []}}) == []
    assert unknown_fields("apimodels", Operation.UPSCALE, {"videoUrl": "", "prompt": ""}) == ["prompt"]
    assert unknown_fields("apimodels", Operation.CREATE, {"reference_image_urls": []}) == []


def test_a_list_item_that_is_null_is_of_the_wrong_type() -> None:
    sent = {"model": get_contract("apimodels").models[0].name, "prompt": "A kite.", "reference_image_urls": [None]}
    assert one(violations("apimodels", Operation.CREATE, sent)).field == "reference_image_urls[0]"
    item = one(violations("opeai", Operation.CREATE, {**TEXT, "input_reference": {"content": [None]}}))
    assert item.fact.id == "opeai.create.content.item"


@pytest.mark.parametrize(
    ("seconds", "broken"),
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
def test_b_reads_seconds_as_a_number_or_as_its_text(seconds: Any, broken: str | None) -> None:
    found = violations("opeai", Operation.CREATE, {**TEXT, "seconds": seconds})
    assert [violation.fact.id for violation in found] == ([f"opeai.create.seconds.{broken}"] if broken else [])


def test_blank_seconds_are_missing_first_of_all() -> None:
    found = violations("opeai", Operation.CREATE, {**TEXT, "seconds": " "})
    assert found[0].fact.id == "opeai.create.seconds.required"


@pytest.mark.parametrize("seconds", [True, [4], {"value": 4}])
def test_a_value_of_another_type_breaks_the_rule_on_types_alone(seconds: Any) -> None:
    violation = one(violations("opeai", Operation.CREATE, {**TEXT, "seconds": seconds}))
    assert violation.fact.id == "opeai.create.seconds"
    assert violation.allowed == "string or integer or number"


def test_a_name_of_64_signs_fits_and_one_of_65_does_not() -> None:
    for operation, rules in get_contract("apimodels").rules.items():
        for rule in rules:
            if isinstance(rule, MaxLength):
                document = {**get_contract("apimodels").example(operation), "name": "n" * 64}
                assert violations("apimodels", operation, document) == []
                found = one(violations("apimodels", operation, {**document, "name": "n" * 65}))
                assert "has 65 characters" in found.message

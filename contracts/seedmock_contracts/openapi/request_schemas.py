"""Schemas of request documents: the fields of an operation, and its rules as far as JSON Schema can say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy

from ..contract import Contract
from ..documents.references import ContentArray
from ..enums import Operation
from ..facts import Field
from ..rules.cross_field import (
    AtLeastOneOf,
    ItemHasUrl,
    MaxReferences,
    ModelResolutions,
    MutuallyExclusive,
    RequiresField,
    RoleMatchesType,
)
from ..rules.fields import JsonType, PromptLength, RequiredField, UnsupportedField, UrlScheme
from ..rules.rule import Rule
from ..rules.urls import NoPassword, ReachableHost, ReachableReferences
from ..validation import rules_in_force
from .annotations import Schema, fact_extensions, rule_extensions
from .reference_schemas import CONDITIONS, References
from .schema_tree import nested, require, schema_at
from .value_schemas import NOT_BLANK, value_schema

IN_WORDS = (NoPassword, ReachableHost, ReachableReferences, PromptLength)
"""Kinds of rules that JSON Schema cannot say: hosts, users in URLs, words of a prompt."""


def request_schema(contract: Contract, operation: Operation, options: Mapping[str, str]) -> Schema:
    """Schema of the document of an operation, under the options of variants in force."""
    return _RequestSchema(contract, operation, options).build()


def form_schema(schema: Schema, file_part: str) -> Schema:
    """Schema of the same document as a multipart form: every value is a text, and one part holds a file."""
    form = deepcopy(schema)
    form.pop("x-rules", None)
    form["properties"][file_part] = {"type": "string", "format": "binary", "description": "the file itself"}
    form["additionalProperties"] = False
    conditions = [part for part in form.pop("allOf", []) if file_part not in str(part)]
    return {**form, "allOf": conditions} if conditions else form


class _RequestSchema:
    def __init__(self, contract: Contract, operation: Operation, options: Mapping[str, str]) -> None:
        self._contract, self._operation = contract, operation
        self._rules = rules_in_force(contract, operation, options)
        self._fields = [field for field in contract.fields if field.operation is operation]
        self._references = References(contract.request.layout)
        self._root: Schema = {"type": "object"}
        self._conditions: list[Schema] = []

    def build(self) -> Schema:
        for field in self._fields:
            self._add_field(field)
        for rule in self._rules:
            self._add_rule(rule)
        self._add_groups()
        self._add_item_types()
        if self._conditions:
            self._root["allOf"] = self._conditions
        placed = {field.path for field in self._fields}
        advice = self._contract.advice if self._operation is Operation.CREATE else ()
        return {**self._root, **rule_extensions(rule for rule in (*self._rules, *advice) if rule.field not in placed)}

    def _add_field(self, field: Field) -> None:
        rules = self._rules_on(field.path)
        at = schema_at(self._root, field.path)
        for name, value in value_schema(field, rules).items():
            at.setdefault(name, value)
        if field.default is not None:
            at["default"] = field.default
        own = [rule for rule in rules if not (isinstance(rule, JsonType) and rule.fact.id == field.id)]
        at |= {**fact_extensions(field), **rule_extensions(own)}

    def _rules_on(self, path: str) -> Sequence[Rule]:
        # Advice of the contract is about an order, whatever field it names.
        advice = self._contract.advice if self._operation is Operation.CREATE else ()
        return [rule for rule in (*self._rules, *advice) if rule.field == path]

    def _add_rule(self, rule: Rule) -> None:
        if isinstance(rule, RequiredField) and not rule.unless:
            require(self._root, rule.field)
        elif isinstance(rule, RequiresField):
            dependents = self._root.setdefault("dependentRequired", {})
            dependents.setdefault(rule.field, []).append(rule.partner)
        elif isinstance(rule, UnsupportedField):
            self._conditions.append({"not": {"required": [rule.field]}})
        elif isinstance(rule, ModelResolutions):
            self._add_model_resolutions(rule)
        elif isinstance(rule, UrlScheme) and self._is_below_fields(rule.field):
            field = Field(rule.fact.id, rule.fact.evidence, self._operation, rule.field, ("string",))
            self._add_field(field)
        elif isinstance(rule, MaxReferences):
            if self._references.is_known:
                self._references.limit(self._root, rule)
        elif type(rule) in CONDITIONS and self._references.is_known:
            self._conditions.append(CONDITIONS[type(rule)](self._references, rule))

    def _is_below_fields(self, path: str) -> bool:
        """True for a field that the contract states a rule on alone, such as the URL in an item."""
        return all(field.path != path for field in self._fields)

    def _add_model_resolutions(self, rule: ModelResolutions) -> None:
        model_path = self._contract.request.path("model", self._operation)
        names = {field.path for field in self._fields}
        allowed = {
            "resolution": list(rule.model.resolutions),
            "size": [text for text, name in rule.resolution_by_name.items()
                     if text != name and name in rule.model.resolutions],
        }  # fmt: skip
        limited = {name: {"enum": values} for name, values in allowed.items() if name in names}
        if limited:
            condition = nested(model_path, {"const": rule.model.name})
            self._conditions.append({"if": condition, "then": {"properties": limited}})

    def _add_groups(self) -> None:
        """Ways to say the same: exactly one of them where they exclude each other, else at least one."""
        exclusions = [rule for rule in self._rules if isinstance(rule, MutuallyExclusive)]
        for rule in self._rules:
            if isinstance(rule, AtLeastOneOf):
                excludes = any(other.field == rule.field for other in exclusions)
                schemas = [{"required": list(group)} for group in rule.groups]
                # Where the forms exclude each other, oneOf refuses both together.
                self._root["oneOf" if excludes else "anyOf"] = schemas
        partners = self._root.get("dependentRequired", {})
        for exclusion in exclusions:
            # A partner that is required beside it completes another way, which oneOf excludes.
            loose = [name for name in exclusion.others if name not in partners or "oneOf" not in self._root]
            self._conditions += [{"not": {"required": [exclusion.field, name]}} for name in loose]

    def _add_item_types(self) -> None:
        """Split the items of a typed array by their type: each has its own object with a URL, and its own roles."""
        layout = self._contract.request.layout
        rule = next((rule for rule in self._rules if isinstance(rule, ItemHasUrl)), None)
        if rule is None or not isinstance(layout, ContentArray):
            return
        items = schema_at(self._root, rule.field)
        types = items["properties"]["type"].get("enum", list(rule.types))
        fits = any(isinstance(other, RoleMatchesType) for other in self._rules)
        roles = {role: type_ if fits else "" for role, type_ in layout.types_by_role.items()}
        base, required = dict(items["properties"]), items.pop("required", [])
        variants = [_item_variant(base, required, name, rule.types, roles) for name in types]
        items["oneOf"] = variants
        items.pop("properties")


def _item_variant(
    base: Schema, required: Sequence[str], type_: str, types: Sequence[str], roles: Mapping[str, str]
) -> Schema:
    """Schema of the items of one type."""
    properties: Schema = {"type": {**base["type"], "const": type_}}
    properties["type"].pop("enum", None)
    if type_ not in types:  # no reference, such as a text
        return {"type": "object", "required": list(required), "properties": {**base, **properties}}
    allowed = [role for role, of in roles.items() if of in ("", type_)]
    if "role" in base:
        properties["role"] = {**base["role"], "enum": allowed}
    media = deepcopy(base[type_])
    media["required"] = ["url"]
    url = media.setdefault("properties", {}).setdefault("url", {"type": "string"})
    url.setdefault("pattern", NOT_BLANK)
    properties[type_] = media
    others = {name: base[name] for name in types if name in base and name != type_}
    rest = {name: schema for name, schema in base.items() if name not in {*properties, *others, "role"}}
    return {
        "type": "object",
        "required": [*dict.fromkeys(("type", *required, type_))],
        "properties": {**properties, **others, **rest},
    }


def model_schema(contract: Contract, schema: Schema, operation: Operation) -> None:
    """Restrict the models of an operation that shares its endpoint: the model tells which of them is meant."""
    upscales = operation is Operation.UPSCALE
    path = contract.request.path("model", operation)
    at = schema_at(schema, path)
    at["enum"] = [model.name for model in contract.models if model.upscales == upscales]
    require(schema, path)

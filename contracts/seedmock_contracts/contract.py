"""Contract of one upstream: its documented, observed and assumed facts, as one frozen value.

Knows no role (server, client, harness), and no upstream by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from .enums import SUBJECTS, Capability, ErrorKind, Operation, StatusContext, TaskStatus
from .errors import UnknownFact
from .facts import (
    Amount,
    BaseUrl,
    Behaviour,
    Document,
    Endpoint,
    ErrorCase,
    Evidence,
    Fact,
    FailCode,
    Field,
    MediaFormats,
    MediaLimit,
    ModeFact,
    Model,
    ResponseField,
    Size,
    StatusSpelling,
    Tariff,
    TokenBill,
    Variants,
)
from .request_format import RequestFormat
from .response_format import IdPattern, KeyOrder, ResponseFormat, ResponseStatement
from .rules.rule import Rule
from .terms import AssetTerms, UpscaleTerms
from .timing import CallbackPlan, Latency


# Without slots: cached properties are kept in the instance's dictionary.
class Contract(Struct, frozen=True, kw_only=True, dict=True):
    """Facts of an upstream, in the order of its documentation.

    `name` is the module name of the upstream, `display_name` the one for people. `advice` are rules that are advised
    and not enforced. `frame_rate` is that of the clips, per second. `retry_after` is the evidence that a 429 has
    Retry-After, None where it has not. `result_days` and `file_days` are the lifetimes of links to results and of
    uploaded files. `token_bill` counts the tokens of a clip, None where no bill is by tokens; `token_price` is that of
    a million of them, where there are no tariffs, and `billing` the variant that chooses between seconds and tokens.
    A task that ends in one of `charged_statuses` is charged. `assets` and `upscaling` are the terms of those
    capabilities. `seconds_slack` is by how much the length of a reference may miss its limits. `seeds` and `frames`
    are the variants that choose what a seed does, and whether a clip has the extra frame of its bill.
    """

    name: str
    display_name: str
    bases: tuple[BaseUrl, ...]
    endpoints: tuple[Endpoint, ...]
    models: tuple[Model, ...]
    modes: tuple[ModeFact, ...]
    fields: tuple[Field, ...]
    sizes: tuple[Size, ...]
    request: RequestFormat
    rules: Mapping[Operation, tuple[Rule, ...]]
    advice: tuple[Rule, ...] = ()
    limits: tuple[MediaLimit, ...] = ()
    formats: tuple[MediaFormats, ...] = ()
    tariffs: tuple[Tariff, ...] = ()
    amounts: tuple[Amount, ...] = ()
    status_spellings: tuple[StatusSpelling, ...]
    errors: tuple[ErrorCase, ...]
    fail_codes: tuple[FailCode, ...]
    variants: tuple[Variants, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    response_fields: tuple[ResponseField, ...]
    response: ResponseFormat
    frame_rate: Amount
    latency: Latency
    callbacks: CallbackPlan | None = None
    retry_after: Evidence | None = None
    result_days: Amount | None = None
    file_days: Amount | None = None
    token_bill: TokenBill | None = None
    token_price: Amount | None = None
    billing: Variants | None = None
    assets: AssetTerms | None = None
    upscaling: UpscaleTerms | None = None
    seconds_slack: Amount | None = None
    seeds: Variants | None = None
    frames: Variants | None = None
    # The service behind the built-in upstreams bills succeeded tasks alone, and one vendor's clients say the same.
    charged_statuses: frozenset[TaskStatus] = frozenset({TaskStatus.SUCCESS})

    # The generated one would print hundreds of facts into every traceback.
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def facts(self) -> Iterator[Fact]:
        """Iterate over the facts by first occurrence; that of a rule comes in the rule's place."""
        # Some stand in several places: a rule on a type has the fact of its field, and terms share amounts.
        ids: set[str] = set()
        for fact in self._facts():
            if fact.id not in ids:
                ids.add(fact.id)
                yield fact

    def _facts(self) -> Iterator[Fact]:
        for name, value in asdict(self).items():
            if name == "rules":
                yield from (rule.fact for rules in value.values() for rule in rules)
            elif name == "advice":
                yield from (rule.fact for rule in value)
            elif isinstance(value, Fact):
                yield value
            elif isinstance(value, CallbackPlan):
                yield from (value.attempt, *value.backoff, value.interval, value.lasting)
            elif isinstance(value, AssetTerms):
                yield from (value.fee, value.processing_seconds)
            elif isinstance(value, UpscaleTerms):
                yield from (value.minimum_seconds, value.unknown_seconds, *value.sides.values())
            elif isinstance(value, tuple):
                yield from (fact for fact in value if isinstance(fact, Fact))

    @cached_property
    def capabilities(self) -> frozenset[Capability]:
        """Optional features of the upstream, derived from its endpoints and formats."""
        by_endpoint = {capability for capability, operation in _OPERATIONS.items() if self.endpoint(operation)}
        links = {Capability.LINKS} if self.response.link_paths else set()
        callbacks = {Capability.CALLBACKS} if self.callbacks is not None else set()
        return frozenset(by_endpoint | links | callbacks)

    def endpoint(self, operation: Operation) -> Endpoint | None:
        """Endpoint of an operation, if the upstream has it."""
        return self._endpoints.get(operation)

    @cached_property
    def _endpoints(self) -> Mapping[Operation, Endpoint]:
        return {endpoint.operation: endpoint for endpoint in self.endpoints}

    @cached_property
    def body_operations(self) -> frozenset[Operation]:
        """Operations whose requests have a body: a document of which there is an example, or an uploaded file.

        The document of a GET is its query string.
        """
        documented = {*self.request.examples, Operation.FILE_CREATE}
        return frozenset(row.operation for row in self.endpoints if row.method != "GET") & documented

    def id_parameter(self, operation: Operation) -> str:
        """Name of the parameter with the id of the task, asset or group that a request is about.

        It is the last one of the path, else a field of the document. Empty for an operation about nothing that exists.
        """
        kind, endpoint = SUBJECTS.get(operation, ""), self.endpoint(operation)
        in_path = endpoint.parameters if endpoint is not None and kind else ()
        return in_path[-1] if in_path else self.request.path(kind, operation) if kind else ""

    def field(self, part: str, operation: Operation = Operation.CREATE) -> Field | None:
        """Request field of a part of an order, by the part's common name."""
        path = self.request.path(part, operation)
        return next((field for field in self.fields if (field.operation, field.path) == (operation, path)), None)

    def type_fact(self, fact: Fact, path: str, value: Any) -> Fact | None:
        """Fact that a field is accepted as text, or as a number, by the fact of the field or its rule, and its path."""
        json_type = "text" if isinstance(value, str) else "number"
        own = map(self.find, (f"{fact.id}.{json_type}", f"{self.name}.{path}.{json_type}"))
        return next((behaviour for behaviour in own if isinstance(behaviour, Behaviour)), None)

    def id_pattern(self, operation: Operation) -> IdPattern | None:
        """Form of the ids that an operation creates, if it is known."""
        patterns = (fact for fact in self.behaviours if isinstance(fact, IdPattern))
        return next((pattern for pattern in patterns if operation in pattern.operations), None)

    @cached_property
    def ids_in_text(self) -> re.Pattern[str] | None:
        """Pattern for the ids of this upstream as whole words of a text; None if no form of an id is known."""
        patterns = (fact.pattern for fact in self.behaviours if isinstance(fact, IdPattern))
        # The forms become alternatives of one pattern, in which a group's name may stand once only.
        forms = [_NAMED_GROUP.sub("(?:", pattern) for pattern in patterns]
        return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(forms)})(?![A-Za-z0-9])") if forms else None

    def response_statement(self, operation: Operation) -> ResponseStatement | None:
        """Statement about the response of an operation as a whole, if there is one."""
        statements = (fact for fact in self.behaviours if isinstance(fact, ResponseStatement))
        return next((statement for statement in statements if statement.operation is operation), None)

    def key_order(self, operation: Operation) -> KeyOrder | None:
        """Order of the keys in a success of an operation, if it is documented."""
        orders = (fact for fact in self.behaviours if isinstance(fact, KeyOrder))
        return next((order for order in orders if order.operation is operation), None)

    @cached_property
    def defaults(self) -> Mapping[str, str]:
        """Default option of each variant, by its id."""
        return {variant.id: variant.default for variant in self.variants}

    def example(self, operation: Operation, rule: Rule | None = None) -> Document:
        """Document that keeps every rule; for a rule, one with the rule's field, so that the rule can be broken."""
        examples = self.request.examples[operation]
        fitting = (example for example in examples if rule is not None and rule.top_field in example)
        return next(fitting, examples[0])

    def model(self, name: str) -> Model | None:
        """Model with this wire name."""
        return next((model for model in self.models if model.name == name), None)

    def resolve_model(self, name: str | None) -> Model | None:
        """Model by wire name or tier; the first one for None."""
        if name is None:
            return self.models[0]
        return next((model for model in self.models if name in (model.name, model.tier)), None)

    def size(self, resolution: str, ratio: str) -> Size | None:
        """Row of the size table for a resolution and a ratio."""
        return self._by_form.get((resolution, ratio))

    def parse_size(self, text: str | None) -> Size | None:
        """Row of the size table with a text such as `1280x720`."""
        return None if text is None else self._by_text.get(text)

    @cached_property
    def _by_form(self) -> Mapping[tuple[str, str], Size]:
        return {(size.resolution, size.ratio): size for size in self.sizes}

    @cached_property
    def _by_text(self) -> Mapping[str, Size]:
        return {size.text: size for size in self.sizes}

    def spelling(self, status: TaskStatus, context: StatusContext, variant: str = "") -> str:
        """Spelling of a status in a context, under an option of the status variant if that has its own."""
        return self._spellings.get((status, context, variant)) or self._spellings[status, context, ""]

    @cached_property
    def _spellings(self) -> Mapping[tuple[TaskStatus, StatusContext, str], str]:
        return {(row.status, row.context, row.variant): row.spelling for row in self.status_spellings}

    @cached_property
    def status_variant(self) -> Variants | None:
        """The variant whose options have status spellings of their own, if there is one."""
        options = {row.variant for row in self.status_spellings if row.variant}
        return next((variant for variant in self.variants if options & {*variant.options}), None)

    @cached_property
    def statuses(self) -> tuple[TaskStatus, ...]:
        """Statuses that a query can report, in the order of the enum."""
        queried = {row.status for row in self.spellings(StatusContext.QUERY)}
        return tuple(status for status in TaskStatus if status in queried)

    def spellings(self, context: StatusContext) -> tuple[StatusSpelling, ...]:
        """Spellings of all statuses in a context, under all options."""
        return tuple(row for row in self.status_spellings if row.context is context)

    def parse_status(self, text: str) -> TaskStatus | None:
        """Status with this spelling in any context; None for an unknown one."""
        # One vendor's guide writes a status in lower case where a create is answered, and in capitals in a query.
        return self._statuses.get(text) or self._statuses.get(text.lower())

    @cached_property
    def _statuses(self) -> Mapping[str, TaskStatus]:
        return {
            spelling: row.status for row in self.status_spellings for spelling in (row.spelling, row.spelling.lower())
        }

    def error_case(self, kind: ErrorKind, style: str = "") -> ErrorCase:
        """Error response of a kind, in the style of an option of the error variant if that has its own."""
        return self._cases.get((kind, style)) or self._cases[kind, ""]

    @cached_property
    def _cases(self) -> Mapping[tuple[ErrorKind, str], ErrorCase]:
        return {(case.kind, case.style): case for case in self.errors}

    def fact(self, id_: str) -> Fact:
        """A fact by its id. Raises UnknownFact."""
        fact = self.find(id_)
        if fact is None:
            raise UnknownFact(self.name, id_)
        return fact

    def find(self, id_: str) -> Fact | None:
        """A fact by its id, if this upstream has it."""
        return self._by_id.get(id_)

    def own_fact(self, name: str) -> Fact:
        """A fact by its id without the upstream's name, which all upstreams spell alike. Raises UnknownFact."""
        return self.fact(f"{self.name}.{name}")

    def find_own(self, name: str) -> Fact | None:
        """A fact by its id without the upstream's name, if this upstream has it."""
        return self.find(f"{self.name}.{name}")

    @cached_property
    def _by_id(self) -> Mapping[str, Fact]:
        return {fact.id: fact for fact in self.facts()}

    def amount(self, id_: str) -> Amount:
        """A figure by its fact's id. Raises UnknownFact."""
        amount = next((amount for amount in self.amounts if amount.id == id_), None)
        if amount is None:
            raise UnknownFact(self.name, id_)
        return amount

    def moderation_code(self, kind: ErrorKind, reason: str) -> FailCode:
        """Code of a rejection by moderation, of input or of output, for a reason; by default the general one."""
        fitting = [code for code in self.fail_codes if code.kind is kind]
        return next((code for code in fitting if code.reason == reason), fitting[0])

    def fail_code_for(self, reason: str) -> FailCode | None:
        """Code of a failure for a reason such as `expired` or `queue_full`, if the upstream has one."""
        return next((row for row in self.fail_codes if row.reason == reason), None)

    def fail_code(self, code: str) -> FailCode | None:
        """A fail code by its wire name."""
        return next((row for row in self.fail_codes if row.code == code), None)


_NAMED_GROUP = re.compile(r"\(\?P<\w+>")
_OPERATIONS: Mapping[Capability, Operation] = {
    Capability.ASSETS: Operation.ASSET_CREATE,
    Capability.UPSCALE: Operation.UPSCALE,
    Capability.CONTENT: Operation.CONTENT,
    Capability.CANCEL: Operation.CANCEL,
    Capability.LIST: Operation.TASK_LIST,
}
"""The operation whose endpoint is a capability."""

"""The contract of one upstream: everything that its vendor says, as one frozen value.

Knows no role (server, client, harness), and no upstream by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from .enums import Capability, ErrorKind, Operation, StatusContext, TaskStatus
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
from .response_format import IdPattern, KeyOrder, ResponseFormat
from .rules.rule import Rule
from .timing import CallbackPlan, Latency


@dataclass(frozen=True, repr=False, kw_only=True)
class Contract:
    """Everything that an upstream's vendor says, in the order of its documentation.

    `name` is the Python name of the upstream, `display_name` the one for people. `advice` are rules that are
    advised and not enforced. `frame_rate` is that of the clips, per second. `retry_after` is the evidence that a
    429 carries Retry-After, None where it does not. `result_days` and `file_days` are how long links to results and
    to uploaded files live. `token_bill` counts the tokens of a clip, None where no bill is by tokens. A task that ends
    in one of `charged_statuses` is charged.
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
    charged_statuses: frozenset[TaskStatus] = frozenset({TaskStatus.SUCCESS})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def facts(self) -> Iterator[Fact]:
        """Every fact, once; facts that a rule carries come where the rule stands."""
        seen: set[str] = set()
        for fact in self._facts():
            if fact.id not in seen:
                seen.add(fact.id)
                yield fact

    def _facts(self) -> Iterator[Fact]:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "rules":
                yield from (rule.fact for rules in value.values() for rule in rules)
            elif field.name == "advice":
                yield from (rule.fact for rule in value)
            elif isinstance(value, Fact):
                yield value
            elif isinstance(value, CallbackPlan):
                yield from (value.attempt, *value.backoff, value.interval, value.lasting)
            elif isinstance(value, tuple):
                yield from (fact for fact in value if isinstance(fact, Fact))

    @cached_property
    def capabilities(self) -> frozenset[Capability]:
        """The optional abilities of the upstream, as its endpoints and formats show them."""
        by_endpoint = {capability for capability, operation in _OPERATIONS.items() if self.endpoint(operation)}
        links = {Capability.LINKS} if self.response.link_paths else set()
        callbacks = {Capability.CALLBACKS} if self.callbacks is not None else set()
        return frozenset(by_endpoint | links | callbacks)

    def endpoint(self, operation: Operation) -> Endpoint | None:
        """The endpoint of an operation, if the upstream has it."""
        return self._endpoints.get(operation)

    @cached_property
    def _endpoints(self) -> Mapping[Operation, Endpoint]:
        return {endpoint.operation: endpoint for endpoint in self.endpoints}

    def field(self, part: str, operation: Operation = Operation.CREATE) -> Field | None:
        """The request field that holds a part of an order, by the part's common name."""
        path = self.request.path(part, operation)
        return next((field for field in self.fields if (field.operation, field.path) == (operation, path)), None)

    def id_pattern(self, operation: Operation) -> IdPattern | None:
        """The form of the ids that an operation creates, where it is known."""
        patterns = (fact for fact in self.behaviours if isinstance(fact, IdPattern))
        return next((pattern for pattern in patterns if operation in pattern.operations), None)

    def key_order(self, operation: Operation) -> KeyOrder | None:
        """The order of keys in the success of an operation, where it is documented."""
        orders = (fact for fact in self.behaviours if isinstance(fact, KeyOrder))
        return next((order for order in orders if order.operation is operation), None)

    @cached_property
    def defaults(self) -> Mapping[str, str]:
        """Each variant's id and the option that holds unless a setting says otherwise."""
        return {variant.id: variant.default for variant in self.variants}

    def example(self, operation: Operation, rule: Rule | None = None) -> Document:
        """A document that keeps every rule; for a rule, one that has the rule's field, so that it can be spoilt."""
        examples = self.request.examples[operation]
        fitting = (example for example in examples if rule is not None and rule.top_field in example)
        return next(fitting, examples[0])

    def model(self, name: str) -> Model | None:
        """The model with this wire name."""
        return next((model for model in self.models if model.name == name), None)

    def resolve_model(self, name: str | None) -> Model | None:
        """The model that a user means: by wire name, by tier, or (None) the first of the page."""
        if name is None:
            return self.models[0]
        return next((model for model in self.models if name in (model.name, model.tier)), None)

    def size(self, resolution: str, ratio: str) -> Size | None:
        """The row of the size table for a resolution and a ratio."""
        return self._by_form.get((resolution, ratio))

    def parse_size(self, text: str | None) -> Size | None:
        """The row of the size table that reads `1280x720`."""
        return None if text is None else self._by_text.get(text)

    @cached_property
    def _by_form(self) -> Mapping[tuple[str, str], Size]:
        return {(size.resolution, size.ratio): size for size in self.sizes}

    @cached_property
    def _by_text(self) -> Mapping[str, Size]:
        return {size.text: size for size in self.sizes}

    def spelling(self, status: TaskStatus, moment: StatusContext, variant: str = "") -> str:
        """How a status is spelt at a moment, under an option of the status variant if that has words of its own."""
        return self._spellings.get((status, moment, variant)) or self._spellings[status, moment, ""]

    @cached_property
    def _spellings(self) -> Mapping[tuple[TaskStatus, StatusContext, str], str]:
        return {(word.status, word.context, word.variant): word.spelling for word in self.status_spellings}

    @cached_property
    def statuses(self) -> tuple[TaskStatus, ...]:
        """The statuses that a query of this upstream can report, in the order of the enum."""
        queried = {word.status for word in self.spellings(StatusContext.QUERY)}
        return tuple(status for status in TaskStatus if status in queried)

    def spellings(self, context: StatusContext) -> tuple[StatusSpelling, ...]:
        """Every known spelling of every status in a context, under all options."""
        return tuple(word for word in self.status_spellings if word.context is context)

    def parse_status(self, word: str) -> TaskStatus | None:
        """The status that a word means, in any spelling that is known of this upstream; None for an unknown word."""
        return self._statuses.get(word) or self._statuses.get(word.lower())

    @cached_property
    def _statuses(self) -> Mapping[str, TaskStatus]:
        return {
            spelling: word.status
            for word in self.status_spellings
            for spelling in (word.spelling, word.spelling.lower())
        }

    def error_case(self, kind: ErrorKind, style: str = "") -> ErrorCase:
        """This upstream's answer to a kind of error, in the style of an envelope variant if that has its own."""
        return self._cases.get((kind, style)) or self._cases[kind, ""]

    @cached_property
    def _cases(self) -> Mapping[tuple[ErrorKind, str], ErrorCase]:
        return {(case.kind, case.style): case for case in self.errors}

    def fact(self, id_: str) -> Fact:
        """A fact by its id. Raises UnknownFact."""
        found = self.find(id_)
        if found is None:
            raise UnknownFact(self.name, id_)
        return found

    def find(self, id_: str) -> Fact | None:
        """A fact by its id, if this upstream has it."""
        return self._by_id.get(id_)

    @cached_property
    def _by_id(self) -> Mapping[str, Fact]:
        return {fact.id: fact for fact in self.facts()}

    def amount(self, id_: str) -> Amount:
        """A figure by its fact's id. Raises UnknownFact."""
        found = next((amount for amount in self.amounts if amount.id == id_), None)
        if found is None:
            raise UnknownFact(self.name, id_)
        return found

    def moderation_code(self, kind: ErrorKind, reason: str) -> FailCode:
        """The code of a moderation at input or at output that objects to `reason`; the general one if it has none."""
        fitting = [code for code in self.fail_codes if code.kind is kind]
        return next((code for code in fitting if code.reason == reason), fitting[0])

    def fail_code_for(self, reason: str) -> FailCode | None:
        """The fail code whose reason this is, such as `expired` or `queue_full`, if the upstream has one."""
        return next((row for row in self.fail_codes if row.reason == reason), None)

    def fail_code(self, code: str) -> FailCode | None:
        """A fail code by its wire name."""
        return next((row for row in self.fail_codes if row.code == code), None)


_OPERATIONS: Mapping[Capability, Operation] = {
    Capability.ASSETS: Operation.ASSET_CREATE,
    Capability.UPSCALE: Operation.UPSCALE,
    Capability.CONTENT: Operation.CONTENT,
    Capability.CANCEL: Operation.CANCEL,
    Capability.LIST: Operation.TASK_LIST,
}
"""The operation whose endpoint is a capability."""

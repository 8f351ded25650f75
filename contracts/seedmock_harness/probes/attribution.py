"""Which of two faults an answer blames: told by comparing answers, so that no upstream's words need be known.

Asks the questions of `probes`, and says of each edge whether the limit stands where the contract has it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import Document, Fact, Variants
from seedmock_contracts.rules.boundaries import BoundaryCase
from seedmock_contracts.rules.fields import JsonType
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.validation import condition

from ..checks.error_responses import UNRELATED_TO_REQUEST
from ..conversation.history import Interaction
from ..driver.client import Driver
from ..results.checks import CheckResult, Severity, failed, passed
from .boundary_probes import BoundaryProbe, probe_with_last_violation, probe_with_violation, probed_edges, probes_for

TRIALS, CALM, WITNESSES, ENOUGH = 6, 3, 3, 4
"""How many second faults are tried for a rule; how many kept edges are asked for one; how many rules bear witness,
and how many have to where none can beside what is seen last."""
_ID = re.compile(r"\b(?=\w*\d)[\w-]{16,}")
_NUMBER = re.compile(r"(?<![A-Za-z_])\d+(\.\d+)?")

Signature = tuple[Any, ...]


def signature(interaction: Interaction) -> Signature:
    """What an answer says, without the ids and figures that change from one to the next."""
    if not interaction.is_error:
        return ("taken",)
    body = interaction.body if interaction.body is not None else interaction.exchange.response.body[:400]
    return (interaction.status_code, *_texts(body))


def normalized(said: Signature, *values: Any) -> Signature:
    """What an answer says, without the values that were tried."""
    tried = [value for value in values if value is not None and not isinstance(value, bool)]
    texts = sorted({text for value in tried for text in (str(value), format_value(value))}, key=len, reverse=True)
    if not texts:
        return said
    spelt = "|".join(re.escape(text) for text in texts if text)
    return tuple(re.sub(rf"(?<!\w)(?:{spelt})(?!\w)", "#", part) if isinstance(part, str) else part for part in said)


def is_uninformative(interaction: Interaction, rule: Rule | None = None) -> bool:
    """Whether an answer is about something else than the request, such as too many of them."""
    kinds = {case.kind for case in interaction.error_cases}
    wanted = rule.kind if rule is not None else None
    return interaction.status_code == 0 or (wanted not in kinds and bool(kinds & UNRELATED_TO_REQUEST))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is answered when a rule is grossly broken and when it is kept, each time beside the same second fault."""

    probe: BoundaryProbe
    gross: Signature
    calm: Signature
    answers: tuple[tuple[BoundaryCase, Interaction], ...]

    def answer(self, edge: BoundaryCase) -> Interaction | None:
        """What was answered at an edge, if it was asked about for the scale."""
        return next((interaction for one, interaction in self.answers if one is edge), None)

    def blames_rule(self, interaction: Interaction) -> bool:
        return signature(interaction) != self.calm


def send_document(driver: Driver, operation: Operation, document: dict[str, Any]) -> Interaction:
    """The answer to a document, in the path and query too where the endpoint reads them there."""
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    return driver.call(operation, document, params=texts)


def calibrate(driver: Driver, probe: BoundaryProbe) -> Calibration | None:
    """The two answers that tell which fault is blamed; None where the upstream's answers do not tell."""
    first = probe.violating[0]
    interaction = send_document(driver, probe.operation, first.document)
    if is_uninformative(interaction, probe.rule):
        return None
    gross = signature(interaction)
    values = [edge.value for edge in (*probe.conforming, *probe.violating)]
    calm: Counter[Signature] = Counter()
    answers = [(first, interaction)]
    plain = [edge for edge in probe.conforming if _contested(driver.contract, probe.operation, edge.document) is None]
    for edge in (plain or probe.conforming)[:CALM]:
        answer = send_document(driver, probe.operation, edge.document)
        answers.append((edge, answer))
        found = signature(answer)
        if not is_uninformative(answer) and found != gross and normalized(found, *values) != normalized(gross, *values):
            calm[found] += 1
            if calm[found] > 1:
                break
    return Calibration(probe, gross, calm.most_common(1)[0][0], tuple(answers)) if calm else None


def check_limits(
    driver: Driver, operation: Operation, rule: Rule, found: Iterable[BoundaryProbe] | None = None
) -> Iterator[CheckResult]:
    """Ask about a rule, and say of each of its edges whether the limit stands there; nothing where it can't be told.

    `found` are other trials than the rule's own.
    """
    done: set[tuple[bool, str]] = set()
    tried = 0
    for probe in islice(probes_for(driver.contract, operation, rule) if found is None else found, TRIALS):
        left = [edge for edge in (*probe.conforming, *probe.violating) if (edge.valid, repr(edge.value)) not in done]
        if not left:
            continue
        measure = calibrate(driver, probe)
        if measure is None:
            tried += 1
            if tried == TRIALS // 2 and condition(rule) is not None:
                break
            continue
        for edge in left:
            yield from _seen(driver, measure, edge)
        done |= {(edge.valid, repr(edge.value)) for edge in left}
        if found is None and (operation not in ORDERS or done >= probed_edges(driver.contract, operation, rule)):
            return
    if not done and found is None:
        yield from _gone(driver, operation, rule)


def _seen(driver: Driver, found: Calibration, edge: BoundaryCase) -> Iterator[CheckResult]:
    """What the answer at one edge says of the rule, or of the value tried there."""
    rule = found.probe.rule
    interaction = found.answer(edge)
    if interaction is None or is_uninformative(interaction, rule) or found.blames_rule(interaction) is edge.valid:
        interaction = send_document(
            driver, found.probe.operation, edge.document
        )  # nobody is accused for a single answer
    else:
        driver.revisit(interaction)
    if is_uninformative(interaction, rule):
        return
    blamed = found.blames_rule(interaction)
    if (only := condition(rule)) is not None:
        if edge.gross:
            yield _settled(driver.contract, only, blamed)
        if not blamed:
            return
    option = _other_option(driver, found, edge) if blamed and edge.valid else None
    if option is not None:
        yield _settled(driver.contract, option, True)
        return
    tried = format_value(edge.value)
    fact = fact_of(driver.contract, rule, edge) if edge.valid else rule.fact
    if blamed is not edge.valid:
        yield passed(fact, f"{rule.field} {tried}: {'taken' if edge.valid else 'refused'}")
    elif edge.valid:
        yield failed(
            fact, f"{rule.field} is refused for a value that is allowed", f"{tried} is taken", _message(interaction)
        )
    else:
        says = f"a refusal of {rule.field} for {tried}"
        yield failed(fact, f"{rule.field} is not refused for a value that is not allowed", says, _message(interaction))


def _contested(contract: Contract, operation: Operation, document: Document) -> tuple[str, str] | None:
    """The variant and the option, not the default's, under which a document would break a rule."""
    found = contract.request.layout.find(document)
    for rule in contract.rules[operation]:
        only = condition(rule)
        if only is not None and contract.defaults[only[0]] != only[1] and rule.check(document, found) is not None:
            return only
    return None


def _other_option(driver: Driver, found: Calibration, edge: BoundaryCase) -> tuple[str, str] | None:
    """The variant and the option that explain a refusal: under it, whatever the field holds is refused."""
    probe = found.probe
    option = _contested(driver.contract, probe.operation, edge.document)
    if option is None:
        return None
    others = [other.document for other in probe.conforming if other is not edge]
    alike = [document for document in others if _contested(driver.contract, probe.operation, document) == option]
    if all(found.blames_rule(send_document(driver, probe.operation, document)) for document in alike):
        return option
    send_document(driver, probe.operation, edge.document)  # the look is of the latest answer
    return None


def check_ignored_change(driver: Driver, fact: Fact, rule: Rule, change: Document) -> Iterator[CheckResult]:
    """Whether a change to a request that is refused for something else makes no difference to the answer."""
    probe = next(probes_for(driver.contract, Operation.CREATE, rule))
    calm = probe.conforming[0].document
    before = signature(send_document(driver, Operation.CREATE, calm))
    interaction = send_document(driver, Operation.CREATE, {**calm, **change})
    if signature(interaction) == before:
        yield passed(fact, format_value(change))
    elif not is_uninformative(interaction):
        yield failed(
            fact, "a difference where there should be none", f"{format_value(change)} is ignored", _message(interaction)
        )


def _gone(driver: Driver, operation: Operation, rule: Rule) -> Iterator[CheckResult]:
    """A rule that no answer blames: it holds no more, if others are blamed beside the fault that is seen last of all.

    Upstreams look at a request in some order; ours is only a guess at theirs. But media are read, and ids looked up,
    when all else is right. Where a rule cannot be asked about beside such a fault, all others have to bear witness.
    """
    contract = driver.contract
    last = probe_with_last_violation(contract, operation, rule)
    probe = last or next(iter(probes_for(contract, operation, rule)), None)
    if probe is None or calibrate(driver, probe) is not None:
        return
    others = (other for other in contract.rules[operation] if other is not rule and condition(other) is None)
    if last is not None:
        beside = (probe_with_last_violation(contract, operation, other) for other in others)
    else:
        beside = (probe_with_violation(contract, operation, other, probe.second_violation) for other in others)
    witnesses = (one for one in beside if one is not None)
    seen = [calibrate(driver, one) is not None for one in islice(witnesses, WITNESSES if last is not None else None)]
    if not all(seen) or len(seen) < (1 if last is not None else ENOUGH):
        return
    interaction = send_document(driver, operation, probe.violating[0].document)
    if (only := condition(rule)) is not None:
        yield _settled(contract, only, False)
    else:
        yield failed(rule.fact, "the rule is not enforced", f"a refusal by {rule.field}", _message(interaction))


def _settled(contract: Contract, only: tuple[str, str], blamed: bool) -> CheckResult:
    """What a rule that holds only under a variant's option says of the variant."""
    variant = next(variant for variant in contract.variants if variant.id == only[0])
    default = variant.default == only[1]
    seen = only[1] if blamed else " or ".join(option for option in variant.options if option != only[1])
    if default is blamed:
        return passed(variant, seen)
    return failed(variant, "another variant holds", variant.default, seen, Severity.INFO)


def fact_of(contract: Contract, rule: Rule, edge: BoundaryCase) -> Fact:
    """The fact that says that a value is allowed: its own, if it has one, else the rule's."""
    if edge.fact is not None:
        return edge.fact
    value = edge.value
    if not isinstance(value, str):
        return _spelling(contract, rule, value) or rule.fact
    path = contract.request.path
    if rule.field == path("model") and (model := contract.model(value)) is not None:
        return model
    if rule.field == path("size") and (size := contract.parse_size(value)) is not None:
        return size
    return _spelling(contract, rule, value) or rule.fact


def _spelling(contract: Contract, rule: Rule, value: Any) -> Fact | None:
    """The fact that a field is taken as a text, or as a number; a bound is none of how a value is spelt."""
    if not isinstance(rule, JsonType):
        return None
    ending = "text" if isinstance(value, str) else "number"
    names = (f"{rule.fact.id}.{ending}", f"{contract.name}.{rule.field}.{ending}")
    known = (fact for fact in (*contract.behaviours, rule.fact) if fact.id in names and not isinstance(fact, Variants))
    return next(known, None)


def _texts(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name in sorted(value):
            yield from _texts(value[name], f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, f"{path}[]")
    elif not (isinstance(value, int | float) and abs(value) > 1e9):
        yield f"{path}={_NUMBER.sub('#', _ID.sub('#', str(value)))}"


def _message(interaction: Interaction) -> str:
    return f"{interaction.status_code} {interaction.exchange.response.body[:200]}"

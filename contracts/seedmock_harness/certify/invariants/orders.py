"""Invariants of orders: one charge, no blind resubmit, the id reported, the key protected, the contract respected.

Pure functions from the evidence of a trial to sentences about what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import ErrorKind, MediaKind, Operation
from seedmock_contracts.facts import MISSING
from seedmock_contracts.generation import GenerationRequest
from seedmock_contracts.pricing import requested_size
from seedmock_server.billing.statement import LineKind
from seedmock_server.tasks.models import Task

from ..evidence import RecordedCall, TrialEvidence
from ..scenario import StepKind

SUBMISSION_UNKNOWN = "submission_unknown"


def one_charge(evidence: TrialEvidence) -> Iterator[str]:
    """At most one task is charged or on hold."""
    lines = [line for line in evidence.statement.lines if line.kind is not LineKind.ASSET]
    owed = [line for line in lines if line.charged or line.on_hold]
    if len(owed) > 1:
        yield f"one order, but {len(owed)} tasks are charged or on hold: {', '.join(line.id for line in owed)}"


def no_blind_resubmit(evidence: TrialEvidence) -> Iterator[str]:
    """An order with an ambiguous response is not sent again, and the outcome says so."""
    if not evidence.ambiguous_creates:
        return
    first = evidence.ambiguous_creates[0]
    later = [create for create in evidence.creates if create.call.sequence > first.call.sequence]
    outcome = evidence.outcome
    if later:
        yield f"the response to an order was {_describe_response(first)}, and the order was sent {_times(later)} more"
        return
    if evidence.received_ids or evidence.run.stopped:
        return
    if outcome is None or outcome.kind != SUBMISSION_UNKNOWN:
        response = f"the response to the order was {_describe_response(first)}"
        yield f"{response}: expected outcome {SUBMISSION_UNKNOWN}, got {outcome or 'none'}"


def task_id_reported(evidence: TrialEvidence) -> Iterator[str]:
    """The outcome has the id of the task exactly as it was received."""
    if not evidence.received_ids or evidence.run.stopped:
        return
    ids = " or ".join(evidence.received_ids)
    if evidence.outcome is None:
        yield f"task {ids} was ordered, but there is no outcome with its id: {evidence.run.problem}"
    elif evidence.outcome.task_id not in evidence.received_ids:
        yield f"task {ids} was ordered, but the outcome has the id {evidence.outcome.task_id or 'none'}"


def moderation_not_retried(evidence: TrialEvidence) -> Iterator[str]:
    """After a moderation error, of the input or the output, nothing is ordered again."""
    error = next((call for call in evidence.calls if call.is_moderation_error), None)
    if error is None:
        return
    later = [create for create in evidence.creates if create.call.sequence > error.response_sequence]
    if later:
        yield f"moderation rejected at {error.operation}, and the order was sent {_times(later)} more"


def key_stays_on_origin(evidence: TrialEvidence) -> Iterator[str]:
    """No request to another origin contains the key."""
    for call in evidence.other_origin_calls:
        if call.contains(evidence.key):
            yield f"{call.method} {call.path} was sent to another origin with the key"
            return


def contract_respected(evidence: TrialEvidence) -> Iterator[str]:
    """No request breaks a rule, and the task is what the order asks for."""
    for call in evidence.calls:
        for violation in () if call.entry is None else call.entry.violations:
            if not violation.advice and not _is_caused_by_trial(evidence, violation.fact):
                yield f"{call.call.method} {call.call.path}: {violation.message} ({violation.fact})"
    for task in evidence.tasks:
        yield from _task_differences(evidence, task)
    for create in evidence.creates:
        yield from _reference_differences(evidence, create)


def _is_caused_by_trial(evidence: TrialEvidence, fact: str) -> bool:
    """Return True for a rejected magic key, and for a range request beyond the end of a complete file."""
    has_magic_key = any(step.kind is StepKind.KEY for step in evidence.scenario.steps)
    kinds = (ErrorKind.RANGE_NOT_SATISFIABLE, *((ErrorKind.AUTHENTICATION,) if has_magic_key else ()))
    return fact in [evidence.contract.error_case(kind).id for kind in kinds]


def _task_differences(evidence: TrialEvidence, task: Task) -> Iterator[str]:
    for name, expected in _expected_traits(evidence).items():
        actual = getattr(task, name)
        if actual != expected:
            yield f"{name} of the order is {expected}, but the task has {actual}"


def _expected_traits(evidence: TrialEvidence) -> dict[str, object]:
    """Return the attributes of the task that follow from the order."""
    contract, order = evidence.contract, evidence.order
    names = ("model", "size", "resolution", "ratio")
    size = requested_size(contract, GenerationRequest(**{name: order[name] for name in names if name in order}))
    traits: dict[str, object] = {"prompt": order["prompt"], "seconds": order["seconds"]}
    traits |= {"width": size.width, "height": size.height}
    traits_by_field = {"model": "model", "generate_audio": "audio"}
    if contract.seeds is not None:
        # An upstream without this variant documents no seed: the client may leave it out.
        traits_by_field["seed"] = "seed"
    ordered = {trait: order.get(name, MISSING) for name, trait in traits_by_field.items()}
    return traits | {trait: value for trait, value in ordered.items() if value is not MISSING}


def _reference_differences(evidence: TrialEvidence, create: RecordedCall) -> Iterator[str]:
    order = create.interaction.order
    if order is None or create.operation != Operation.CREATE:
        return
    parsed = (entry.reference for entry in order.references)
    sent = [(reference.kind.value, reference.role.value, reference.url) for reference in parsed]
    expected = [(entry["kind"], entry["role"], entry["url"]) for entry in evidence.order["references"]]
    for kind in MediaKind:  # the order among references of one kind matters, across kinds it does not
        sent_of_kind, expected_of_kind = ([entry for entry in all_ if entry[0] == kind] for all_ in (sent, expected))
        if sent_of_kind != expected_of_kind:
            references = f"the {kind} references are {_describe(sent_of_kind)}"
            yield f"{references}, but the order has {_describe(expected_of_kind)}"


def _describe(references: list[tuple[str, str, str]]) -> str:
    return ", ".join(f"{url} as {role}" for _, role, url in references) or "none"


def _describe_response(create: RecordedCall) -> str:
    if create.call.status == 0:
        return "lost"
    return f"{create.call.status}" if create.call.status >= 400 else f"{create.call.status} and unreadable"


def _times(calls: list[RecordedCall]) -> str:
    return "once" if len(calls) == 1 else f"{len(calls)} times"

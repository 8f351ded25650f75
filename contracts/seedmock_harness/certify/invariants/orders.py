"""What is judged of ordering: one charge, no order sent twice, the id kept, the key at home, the contract kept.

Each is a pure function from the evidence of a trial to what is wrong with it, in sentences.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import ErrorKind, MediaKind, Operation
from seedmock_contracts.facts import MISSING
from seedmock_server.billing.statement import LineKind
from seedmock_server.tasks.models import Task

from ..evidence import Evidence, Heard
from ..sample_orders import Order
from ..scenario import StepKind

UNKNOWN = "submission_unknown"


def one_charge(seen: Evidence) -> Iterator[str]:
    """At most one order of the account is charged or on hold."""
    owed = [line for line in seen.statement.lines if line.kind is not LineKind.ASSET and (line.charged or line.on_hold)]
    if len(owed) > 1:
        yield f"one order, and {len(owed)} tasks are charged or on hold: {', '.join(line.id for line in owed)}"


def no_blind_resubmit(seen: Evidence) -> Iterator[str]:
    """After an order whose answer was lost there is no other, and the outcome says so."""
    if not seen.ambiguous:
        return
    first = seen.ambiguous[0]
    again = [heard for heard in seen.creates if heard.call.came > first.call.came]
    if again:
        yield f"the answer to an order was {_answered(first)}, and the order was sent {_times(len(again))} more"
    elif not seen.told_ids and not seen.run.stopped and (seen.outcome is None or seen.outcome.kind != UNKNOWN):
        said = seen.outcome or "no outcome"
        yield f"the answer to the order was {_answered(first)}: the outcome is {said}, where {UNKNOWN} is expected"


def task_id_kept(seen: Evidence) -> Iterator[str]:
    """The id of a task is in the outcome, exactly as it was told."""
    if not seen.told_ids or seen.run.stopped:
        return
    ids = " or ".join(seen.told_ids)
    if seen.outcome is None:
        yield f"task {ids} was ordered, and there is no outcome that names it: {seen.run.trouble}"
    elif seen.outcome.task_id not in seen.told_ids:
        yield f"task {ids} was ordered, and the outcome names {seen.outcome.task_id or 'none'}"


def moderation_not_retried(seen: Evidence) -> Iterator[str]:
    """Once moderation has refused, at input or at output, nothing is ordered any more."""
    refused = next((heard for heard in seen.heard if heard.is_moderation), None)
    if refused is None:
        return
    again = [heard for heard in seen.creates if heard.call.came > refused.told]
    if again:
        yield f"moderation refused at {refused.operation}, and the order was sent {_times(len(again))} more"


def key_stays_home(seen: Evidence) -> Iterator[str]:
    """No request to another origin has the key in it."""
    for call in seen.elsewhere:
        if call.names(seen.key):
            yield f"{call.method} {call.path} went to another origin with the key in it"
            return


def contract_kept(seen: Evidence) -> Iterator[str]:
    """Nothing that was sent breaks a rule, and what was made is what the order asks for."""
    for heard in seen.heard:
        for breach in () if heard.entry is None else heard.entry.violations:
            if not breach.advice and not _is_brought_about(seen, breach.fact):
                yield f"{heard.call.method} {heard.call.path}: {breach.message} ({breach.fact})"
    for task in seen.tasks:
        yield from _otherwise(seen, task)
    for heard in seen.creates:
        yield from _other_references(seen, heard)


def _is_brought_about(seen: Evidence, fact: str) -> bool:
    """Whether a breach is the trial's doing, or only asks for the rest of a file that is whole."""
    bad_key = any(step.kind is StepKind.KEY for step in seen.scenario.steps)
    kinds = (ErrorKind.RANGE_NOT_SATISFIABLE, *((ErrorKind.AUTHENTICATION,) if bad_key else ()))
    return fact in [seen.contract.error_case(kind).id for kind in kinds]


def _otherwise(seen: Evidence, task: Task) -> Iterator[str]:
    """Where a task is another than was ordered."""
    for name, wanted in _wanted(seen, seen.order).items():
        made = getattr(task, name)
        if made != wanted:
            yield f"{name} of the order is {wanted}, the task that was made has {made}"


def _wanted(seen: Evidence, order: Order) -> dict[str, object]:
    """What the order says of the traits of its task."""
    row = (
        seen.contract.parse_size(order["size"])
        if "size" in order
        else seen.contract.size(order["resolution"], order["ratio"])
    )
    wanted: dict[str, object] = {"prompt": order["prompt"], "seconds": order["seconds"]}
    if row is not None:
        wanted |= {"width": row.width, "height": row.height}
    named = {"model": "model", "generate_audio": "audio"}
    if any(variant.id == f"{seen.contract.name}.seed" for variant in seen.contract.variants):
        named["seed"] = "seed"  # the other page has no seed: whether it is sent is the client's affair
    return wanted | {trait: order[name] for name, trait in named.items() if order.get(name, MISSING) is not MISSING}


def _other_references(seen: Evidence, heard: Heard) -> Iterator[str]:
    order = heard.turn.order
    if order is None or heard.operation != Operation.CREATE:
        return
    found = [(one.reference.kind.value, one.reference.role.value, one.reference.url) for one in order.references]
    wanted = [(one["kind"], one["role"], one["url"]) for one in seen.order["references"]]
    for kind in MediaKind:  # the vendors count references kind by kind
        sent, asked = ([one for one in these if one[0] == kind] for these in (found, wanted))
        if sent != asked:
            yield f"the {kind} references are {_listed(sent)}, where the order has {_listed(asked)}"


def _listed(references: list[tuple[str, str, str]]) -> str:
    return ", ".join(f"{url} as {role}" for _, role, url in references) or "none"


def _answered(heard: Heard) -> str:
    if heard.call.status == 0:
        return "lost"
    return f"{heard.call.status}" if heard.call.status >= 400 else f"{heard.call.status} and garbled"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"

"""The times in answers: in the upstream's unit, near the time of the exchange, the same each time, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import ResponseField
from seedmock_contracts.lifecycle import TERMINAL

from ..conversation.history import Interaction
from ..results.checks import CheckResult, compare, failed, passed
from . import response_fields as parts

HOUR = 3600.0
"""How far the clocks of an upstream and of who asks may be apart; units and zones are further apart than that."""
CREATED = ("created_at", "createTime")
ENDED = ("completed_at", "completeTime")
UNITS = {"createTime": 1000.0, "completeTime": 1000.0}
"""What a second is counted as; one where nothing is said."""


def timestamps_have_the_documented_unit(interaction: Interaction) -> Iterator[CheckResult]:
    """A task's times count the seconds (B) or milliseconds (A) since 1970, and are not in the future."""
    fact = interaction.contract.find(f"{interaction.contract.name}.times")
    if fact is None or not _of_tasks(interaction) or not interaction.exchange.at:
        return
    created = interaction.task.created.exchange.at if interaction.task is not None else interaction.exchange.at
    for _, name, seconds in _told(interaction, CREATED):
        if interaction.operation in ORDERS or interaction.task is not None:
            yield _near(fact, name, seconds, created - HOUR, created + HOUR)
    for _, name, seconds in _told(interaction, ENDED):
        yield _near(fact, name, seconds, created - HOUR, interaction.exchange.at + HOUR)


def _near(fact: Any, name: str, seconds: float, low: float, high: float) -> CheckResult:
    if low <= seconds <= high:
        return passed(fact, f"{name}: {seconds:.3f} s")
    return failed(
        fact, f"{name} is not near the time of the exchange", f"{low:.0f} to {high:.0f} s", f"{seconds:.3f} s"
    )


def creation_time_is_stable(interaction: Interaction) -> Iterator[CheckResult]:
    """Each answer about a task tells the same time of creation."""
    if not _of_tasks(interaction) or interaction.task is None or interaction.operation in ORDERS:
        return
    past = (interaction.task.created, *interaction.task.polls[:1])
    before = [seconds for earlier in past for _, _, seconds in _told(earlier, CREATED)]
    for field, name, seconds in _told(interaction, CREATED):
        if before:
            yield compare(field, f"{name} is another than before", before[0], seconds)


def completion_time_appears_at_the_end(interaction: Interaction) -> Iterator[CheckResult]:
    """The time of the end is told of a task that has ended, and is not before that of its creation."""
    if not _of_tasks(interaction) or interaction.status is None:
        return
    created = [seconds for _, _, seconds in _told(interaction, CREATED)]
    for field, name, seconds in _told(interaction, ENDED):
        if interaction.status not in TERMINAL:
            yield failed(field, f"{name} is told of a task that has not ended", "no such key", interaction.raw_status)
        elif created and seconds < created[0]:
            yield failed(field, "a task ended before it was created", f"from {created[0]:.3f} s", f"{seconds:.3f} s")
        elif created:
            yield passed(field, f"{seconds - created[0]:.3f} s after its creation")


def asset_creation_times_are_plausible(interaction: Interaction) -> Iterator[CheckResult]:
    """An asset's and a group's time of creation is in seconds, and is that of its making."""
    if interaction.is_error or interaction.operation is not Operation.ASSET_GET:
        return
    asset = interaction.history.assets.get(interaction.requested_id)
    if asset is None or not asset.created.exchange.at:
        return
    for field, name, seconds in _told(interaction, CREATED):
        at = asset.created.exchange.at
        yield _near(field, name, seconds, at - HOUR, at + HOUR)


def _of_tasks(interaction: Interaction) -> bool:
    return not interaction.is_error and (interaction.operation in ORDERS or interaction.operation is Operation.QUERY)


def _told(interaction: Interaction, names: tuple[str, ...]) -> Iterator[tuple[ResponseField, str, float]]:
    """The times of these names that the answer tells, in seconds, with the fields that speak of them."""
    told = interaction.data if isinstance(interaction.data, dict) else {}
    for name in names:
        value = told.get(name)
        field = _field(interaction, name)
        if field is not None and isinstance(value, int | float) and not isinstance(value, bool):
            yield field, name, value / UNITS.get(name, 1.0)


def _field(interaction: Interaction, name: str) -> ResponseField | None:
    """The field of this name, also if it is one of another state: of the ones that apply, if there is one."""
    fields = (
        *parts.fields_of(interaction),
        *(f for f in interaction.contract.response_fields if f.operation is interaction.operation),
    )
    return next((field for field in fields if field.path.rpartition(".")[2] == name), None)


CHECKS = (
    timestamps_have_the_documented_unit,
    creation_time_is_stable,
    completion_time_appears_at_the_end,
    asset_creation_times_are_plausible,
)

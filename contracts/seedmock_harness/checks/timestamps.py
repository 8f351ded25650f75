"""Checks of timestamps: their unit, that they are near the time of the exchange, stable and in order."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import Fact, ResponseField
from seedmock_contracts.lifecycle import TERMINAL

from ..conversation.history import Interaction
from ..results.checks import CheckResult, compare, failed, passed
from .response_fields import expected_fields

CLOCK_SKEW = 3600.0
"""Seconds by which two clocks may differ. A wrong unit, and most wrong time zones, differ by more."""


def timestamps_have_the_documented_unit(interaction: Interaction) -> Iterator[CheckResult]:
    """Timestamps of a task are in the documented unit, since 1970 in UTC, and not in the future."""
    fact = interaction.find("times")
    if fact is None or not _is_about_a_task(interaction) or not interaction.at:
        return
    created = interaction.task.created.at if interaction.task is not None else interaction.at
    for _, name, seconds in _creation_times(interaction):
        if interaction.operation in ORDERS or interaction.task is not None:
            yield _check_range(fact, name, seconds, created - CLOCK_SKEW, created + CLOCK_SKEW)
    for _, name, seconds in _completion_times(interaction):
        yield _check_range(fact, name, seconds, created - CLOCK_SKEW, interaction.at + CLOCK_SKEW)


def _check_range(fact: Fact, name: str, seconds: float, low: float, high: float) -> CheckResult:
    if low <= seconds <= high:
        return passed(fact, f"{name}: {seconds:.3f} s")
    title = f"{name} is not near the time of the exchange"
    return failed(fact, title, f"{low:.0f} to {high:.0f} s", f"{seconds:.3f} s")


def creation_time_is_stable(interaction: Interaction) -> Iterator[CheckResult]:
    """Every response about a task has the same creation time."""
    if not _is_about_a_task(interaction) or interaction.task is None or interaction.operation in ORDERS:
        return
    earlier = (interaction.task.created, *interaction.task.polls[:1])
    before = [seconds for other in earlier for _, _, seconds in _creation_times(other)]
    for field, name, seconds in _creation_times(interaction):
        if before:
            yield compare(field, f"{name} has changed", before[0], seconds)


def completion_time_appears_at_the_end(interaction: Interaction) -> Iterator[CheckResult]:
    """Only a finished task has a completion time, and that is not before its creation time."""
    if not _is_about_a_task(interaction) or interaction.status is None:
        return
    created = [seconds for _, _, seconds in _creation_times(interaction)]
    for field, name, seconds in _completion_times(interaction):
        if interaction.status not in TERMINAL:
            yield failed(field, f"{name} is set before the task has ended", "no such key", interaction.raw_status)
        elif created and seconds < created[0]:
            expected, observed = f"from {created[0]:.3f} s", f"{seconds:.3f} s"
            yield failed(field, "a task has ended before its creation", expected, observed)
        elif created:
            yield passed(field, f"{seconds - created[0]:.3f} s after its creation")


def asset_creation_times_are_plausible(interaction: Interaction) -> Iterator[CheckResult]:
    """The creation time of an asset is in seconds, and near the time when it was created."""
    if interaction.is_error or interaction.operation is not Operation.ASSET_GET:
        return
    asset = interaction.history.assets.get(interaction.requested_id)
    if asset is None or not asset.created.at:
        return
    for field, name, seconds in _creation_times(interaction):
        created = asset.created.at
        yield _check_range(field, name, seconds, created - CLOCK_SKEW, created + CLOCK_SKEW)


def _is_about_a_task(interaction: Interaction) -> bool:
    return not interaction.is_error and (interaction.operation in ORDERS or interaction.operation is Operation.QUERY)


def _creation_times(interaction: Interaction) -> Iterator[tuple[ResponseField, str, float]]:
    return _timestamps(interaction, interaction.contract.response.created_paths)


def _completion_times(interaction: Interaction) -> Iterator[tuple[ResponseField, str, float]]:
    return _timestamps(interaction, interaction.contract.response.completed_paths)


def _timestamps(interaction: Interaction, names: tuple[str, ...]) -> Iterator[tuple[ResponseField, str, float]]:
    """Field, name and value in seconds of each timestamp in the response that has one of the names."""
    milliseconds = interaction.contract.response.millisecond_paths
    for name in names:
        value = interaction.data_object.get(name)
        field = _field(interaction, name)
        if field is not None and isinstance(value, int | float) and not isinstance(value, bool):
            yield field, name, value / (1000.0 if name in milliseconds else 1.0)


def _field(interaction: Interaction, name: str) -> ResponseField | None:
    """The field of this name: of the response's status if it has one, else of another status."""
    of_operation = (f for f in interaction.contract.response_fields if f.operation is interaction.operation)
    fields = (*expected_fields(interaction), *of_operation)
    return next((field for field in fields if field.path.rpartition(".")[2] == name), None)


CHECKS = (
    timestamps_have_the_documented_unit,
    creation_time_is_stable,
    completion_time_appears_at_the_end,
    asset_creation_times_are_plausible,
)

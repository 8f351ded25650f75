"""Compare recordings of one upstream with the contract and with each other; the result is a verification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from ..recordings.model import CheckedRecording, Recording, check_recording
from ..recordings.source import Source
from ..results.verification import FactResult, FactStatus, Verification, VerificationVerdict
from ..verify.results import Observation, ResultSet, confirmed_assumptions, fact_results, findings
from .changes import find_changes
from .replayed_checks import replay_free_steps

BY_SEVERITY = (VerificationVerdict.DRIFTED, VerificationVerdict.INCONCLUSIVE, VerificationVerdict.CONFORMS)


class Comparison(Struct, frozen=True):
    """Result of a comparison. `last_verified` has time and recording of the last confirmation of each fact, by id."""

    verification: Verification
    last_verified: Mapping[str, tuple[str, str]]


def compare_recordings(recordings: Sequence[Recording], now: float) -> Comparison:
    """Compare recordings of one upstream, the oldest first.

    For each fact and check, the newest recording with a result decides.
    """
    checked = [check_recording(recording) for recording in recordings]
    contract, newest = recordings[-1].contract, recordings[-1]
    observations = [tuple(_observations(recording)) for recording in checked]
    results, verified = _merge(checked, observations), _last_verified(checked, observations)
    raw_facts = fact_results(contract, results, "not checked: in no recording")
    facts = tuple(_with_last_verified(fact, verified) for fact in raw_facts)
    conclusive = any(fact.status is not FactStatus.NOT_CHECKED for fact in facts)
    verification = Verification(
        contract=contract,
        target=_describe(recordings),
        started_at=now,
        verdict=_verdict(results.has_drift(), conclusive),
        spent=Decimal(0),
        facts=facts,
        findings=tuple(findings(results, {}, lambda url: _absolute_url(newest, url))),
        history=checked[-1].history,
        problem="" if conclusive else "nothing was checked: no response in the recordings is conclusive",
        confirmed_assumptions=tuple(confirmed_assumptions(_live_results(checked, observations), newest.at)),
        steps=tuple(recording.name for recording in recordings),
    )
    return Comparison(verification, verified)


def worst_verdict(verdicts: Iterable[VerificationVerdict]) -> VerificationVerdict:
    """Return the verdict of several comparisons together."""
    return min(verdicts, key=BY_SEVERITY.index)


def _verdict(has_drift: bool, conclusive: bool) -> VerificationVerdict:
    # A contradiction is one, whatever else could not be compared.
    if has_drift:
        return VerificationVerdict.DRIFTED
    return VerificationVerdict.CONFORMS if conclusive else VerificationVerdict.INCONCLUSIVE


def _live_results(checked: Sequence[CheckedRecording], observations: Sequence[Sequence[Observation]]) -> ResultSet:
    """Results of the recordings of live services: only these make a fact observed."""
    pairs = [pair for pair in zip(checked, observations, strict=True) if pair[0].recording.source is Source.LIVE]
    return _merge([recording for recording, _ in pairs], [of_recording for _, of_recording in pairs])


def _merge(checked: Sequence[CheckedRecording], observations: Sequence[Sequence[Observation]]) -> ResultSet:
    """Take each key from the newest recording that has it, and add what has changed since older ones."""
    merged = ResultSet()
    for of_recording in reversed(observations):
        results = ResultSet()
        for observation in of_recording:
            results.add(observation)
        decided = {*merged.passed, *merged.failed}
        for key, observation in (*results.failed.items(), *results.passed.items()):
            if key not in decided:
                merged.add(observation)
    failed_facts = {fact for _, fact in merged.failed}
    if not checked:
        return merged
    newest = checked[-1]
    for change in find_changes(newest, checked[:-1]):
        if change.result.passed or change.result.fact.id not in failed_facts:
            merged.add(Observation(newest.recording.name, change.check, change.result, change.exchange))
    return merged


def _observations(checked: CheckedRecording) -> Iterator[Observation]:
    """Yield the results of the checks, and of the free steps that were recorded."""
    name = checked.recording.name
    for interaction in checked.checked:
        for check, result in interaction.results:
            yield Observation(name, check, result, interaction.interaction.exchange)
    for step, result, exchange in replay_free_steps(checked.recording):
        yield Observation(name, step, result, exchange)


def _last_verified(
    checked: Sequence[CheckedRecording], observations: Sequence[Sequence[Observation]]
) -> dict[str, tuple[str, str]]:
    verified: dict[str, tuple[str, str]] = {}
    for checked_recording, of_recording in zip(checked, observations, strict=True):
        recording = checked_recording.recording
        results = [observation.result for observation in of_recording]
        contradicted = {result.fact.id for result in results if not result.passed}
        confirmed = {result.fact.id for result in results if result.passed} - contradicted
        verified |= dict.fromkeys(confirmed, (recording.header.recorded_at, recording.name))
    return verified


def _with_last_verified(fact: FactResult, verified: Mapping[str, tuple[str, str]]) -> FactResult:
    if fact.fact.id not in verified:
        return fact
    at, name = verified[fact.fact.id]
    return replace(fact, detail=f"last verified {at} in {name}; {fact.detail}")


def _describe(recordings: Sequence[Recording]) -> str:
    hosts = ", ".join(dict.fromkeys(recording.header.host for recording in recordings))
    count = f"{len(recordings)} recordings" if len(recordings) > 1 else "a recording"
    return f"{count} of {hosts}"


def _absolute_url(recording: Recording, url: str) -> str:
    host = recording.header.host
    return host + url if url.startswith("/") and host.startswith("http") else url

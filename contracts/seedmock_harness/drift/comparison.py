"""Recordings of one upstream against the contract and against each other, as a verification of what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ..recordings.model import Hearing, Recording, judged
from ..results.verification import FactResult, FactStatus, Verification, VerificationVerdict
from ..verify.results import Observation, ResultSet, facts_seen, findings, settled
from .changes import changes
from .replayed_checks import retraced

WORST = (VerificationVerdict.DRIFTED, VerificationVerdict.COULD_NOT_LOOK, VerificationVerdict.CONFORMS)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What recordings say. `last_verified`: for each fact that was ever borne out, the latest moment and where."""

    verification: Verification
    last_verified: Mapping[str, tuple[str, str]]


def compare(recordings: Sequence[Recording], now: float) -> Comparison:
    """Judge recordings of one upstream, the oldest first; of each fact and check the newest that looked decides."""
    hearings = [judged(recording) for recording in recordings]
    contract = recordings[-1].contract
    sights = [tuple(_sights(hearing)) for hearing in hearings]
    gathered, verified = _gathered(hearings, sights), _last_verified(hearings, sights)
    facts = tuple(_dated(fact, verified) for fact in facts_seen(contract, gathered, "not looked at: in no recording"))
    looked = any(fact.status is not FactStatus.NOT_LOOKED for fact in facts)
    verdict = (
        VerificationVerdict.DRIFTED
        if gathered.drifts()
        else VerificationVerdict.CONFORMS
        if looked
        else VerificationVerdict.COULD_NOT_LOOK
    )
    found = Verification(
        contract=contract,
        target=_target(recordings),
        started_at=now,
        verdict=verdict,
        spent=Decimal(0),
        facts=facts,
        findings=tuple(findings(gathered, {}, lambda url: _whole(recordings[-1], url))),
        history=hearings[-1].conversation,
        problem="" if looked else "nothing was looked at: the recordings hold no answer that tells anything",
        confirmed_assumptions=()
        if any(one.is_ours for one in recordings)
        else tuple(settled(gathered, recordings[-1].at)),
        steps=tuple(recording.name for recording in recordings),
    )
    return Comparison(found, verified)


def worst(verdicts: Iterable[VerificationVerdict]) -> VerificationVerdict:
    """The verdict of several comparisons together."""
    return min(verdicts, key=WORST.index)


def _gathered(hearings: Sequence[Hearing], sights: Sequence[Sequence[Observation]]) -> ResultSet:
    """Of each check and fact what the newest recording says that looked; and what has changed since."""
    whole = ResultSet()
    for of_one in reversed(sights):
        one = ResultSet()
        for sight in of_one:
            one.add(sight)
        decided = {*whole.held, *whole.broken}
        for key, sight in (*one.broken.items(), *one.held.items()):
            if key not in decided:
                whole.add(sight)
    blamed = {fact for _, fact in whole.broken}
    newest = hearings[-1]
    for change in changes(newest, hearings[:-1]):
        if change.look.passed or change.look.fact.id not in blamed:
            whole.add(Observation(newest.recording.name, change.check, change.look, change.exchange))
    return whole


def _sights(hearing: Hearing) -> Iterator[Observation]:
    """What the checks saw, and what the free steps see where they were recorded."""
    name = hearing.recording.name
    for one in hearing.judged:
        for check, look in one.results:
            yield Observation(name, check, look, one.interaction.exchange)
    for step, look, exchange in retraced(hearing.recording):
        yield Observation(name, step, look, exchange)


def _last_verified(hearings: Sequence[Hearing], sights: Sequence[Sequence[Observation]]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for hearing, of_one in zip(hearings, sights, strict=True):
        looks = [sight.look for sight in of_one]
        contradicted = {look.fact.id for look in looks if not look.passed}
        moment = hearing.recording.about.recorded_at, hearing.recording.name
        found |= {look.fact.id: moment for look in looks if look.passed and look.fact.id not in contradicted}
    return found


def _dated(seen: FactResult, verified: Mapping[str, tuple[str, str]]) -> FactResult:
    if seen.fact.id not in verified:
        return seen
    at, name = verified[seen.fact.id]
    return replace(seen, detail=f"last verified {at} in {name}; {seen.detail}")


def _target(recordings: Sequence[Recording]) -> str:
    hosts = ", ".join(dict.fromkeys(recording.about.host for recording in recordings))
    count = f"{len(recordings)} recordings" if len(recordings) > 1 else "a recording"
    return f"{count} of {hosts}"


def _whole(recording: Recording, url: str) -> str:
    host = recording.about.host
    return host + url if url.startswith("/") and host.startswith("http") else url

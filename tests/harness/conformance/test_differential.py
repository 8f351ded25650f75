"""The same order at both upstreams: the same life, the same clip, the same refusal, but for what the page tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import MediaKind, Operation, TaskStatus
from seedmock_contracts.generation import GenerationRequest, Reference, first_frame, last_frame
from seedmock_contracts.rules.boundaries import sample_reference
from seedmock_contracts.upstreams import contracts
from seedmock_contracts.validation import violations
from seedmock_harness.conversation.history import Interaction
from seedmock_harness.conversation.order_parser import build_document, parse_order
from seedmock_harness.driver.client import Driver
from seedmock_harness.upstream_diff import NOTHING, upstream_differences

KEYS = {"first": "sk_conformance_first"}
ONE, OTHER = contracts()
DIFFERENCES = upstream_differences(ONE, OTHER)
EXPLAINED = {fact for row in DIFFERENCES for fact in row.facts}
INSTANTS = (0.3, 0.4, 0.8, 1.0)
FATES = ("", "", "failed", "moderated", "stuck", "slow after=10s", "expired")
IMAGE, VIDEO, AUDIO = (sample_reference(kind) for kind in MediaKind)
FRAMES = [first_frame("https://example.com/first.png"), last_frame("https://example.com/last.png")]

# Changes that spoil an order at both, or at one of them.
SPOILT: dict[str, Callable[[GenerationRequest], GenerationRequest]] = {
    "too short": lambda order: replace(order, seconds=3),
    "too long": lambda order: replace(order, seconds=16),
    "absurdly long": lambda order: replace(order, seconds=10**9),
    "an unknown model": lambda order: replace(order, model="no-such-model"),
    "no prompt": lambda order: replace(order, prompt="", references=()),
    "a blank prompt beside an image": lambda order: replace(order, prompt=" ", references=(IMAGE,)),
    "an unknown resolution": lambda order: replace(order, size=None, resolution="8k", ratio="16:9"),
    "an unknown ratio": lambda order: replace(order, size=None, resolution="720p", ratio="5:4"),
    "an adaptive ratio": lambda order: replace(order, size=None, resolution="720p", ratio="adaptive"),
    "no form": lambda order: replace(order, size=None, resolution=None, ratio=None),
    "a resolution alone": lambda order: replace(order, size=None, resolution="720p", ratio=None),
    "the smallest resolution": lambda order: replace(order, size=None, resolution="480p", ratio="1:1"),
    "more than the fast model renders": lambda order: replace(
        order, model="fast", size=None, resolution="1080p", ratio="1:1"
    ),
    "a seed below": lambda order: replace(order, seed=-2),
    "a seed above": lambda order: replace(order, seed=2**32),
    "ten images": lambda order: replace(order, references=(IMAGE,) * 10),
    "four videos": lambda order: replace(order, references=(VIDEO,) * 4),
    "four sounds": lambda order: replace(order, references=(IMAGE, *(AUDIO,) * 4)),
    "a sound alone": lambda order: replace(order, references=(AUDIO,)),
    "a frame and an image": lambda order: replace(order, references=(FRAMES[0], IMAGE)),
    "a last frame alone": lambda order: replace(order, references=(FRAMES[1],)),
    "a scheme that nobody takes": lambda order: replace(
        order, references=(Reference(MediaKind.IMAGE, "ftp://example.com/a.png"),)
    ),
}


@st.composite
def house_orders(draw: st.DrawFn) -> GenerationRequest:
    """Orders that both can be told."""
    shared = {model.tier for model in ONE.models} & {model.tier for model in OTHER.models}
    model = draw(st.sampled_from([model for model in ONE.models if model.tier in shared]))
    sizes = [size for size in ONE.sizes if size.resolution in model.resolutions and OTHER.parse_size(size.text)]
    size = draw(st.sampled_from(sizes))
    by_text = draw(st.booleans())
    return GenerationRequest(
        prompt=draw(st.sampled_from(["A kite.", "风筝", 'A kite\n"over" a field 👋'])),
        model=model.tier,
        size=size.text if by_text else None,
        resolution=None if by_text else size.resolution,
        ratio=None if by_text else size.ratio,
        seconds=draw(st.sampled_from([4, 15, 5, 10])),
        generate_audio=draw(st.sampled_from([None, True, False])),
        seed=draw(st.sampled_from([None, -1, 0, 2**32 - 1])),
        references=tuple(draw(st.sampled_from([[], FRAMES[:1], FRAMES, [IMAGE] * 9, [VIDEO], [IMAGE, VIDEO, AUDIO]]))),
    )


@dataclass
class Pair:
    """The same emulator, spoken to as one upstream and as the other, under one clock."""

    clock: Any
    speakers: list[Driver]

    def order(self, order: GenerationRequest, fate: str = "") -> list[Interaction]:
        headers = {"x-mock-fate": fate} if fate else {}
        return [
            speaker.call(Operation.CREATE, build_document(speaker.contract, order), headers=headers)
            for speaker in self.speakers
        ]

    def look(self, made: list[Interaction]) -> list[Interaction]:
        return [
            speaker.call(Operation.QUERY, _document(speaker.contract, turn), params={"task_id": str(turn.created_id)})
            for speaker, turn in zip(self.speakers, made, strict=True)
        ]

    def content(self, seen: list[Interaction]) -> list[Interaction]:
        return [
            speaker.fetch(turn.links[0])
            if turn.links
            else speaker.call(Operation.CONTENT, params={"task_id": turn.requested_id})
            for speaker, turn in zip(self.speakers, seen, strict=True)
        ]


def _document(contract: Contract, turn: Interaction) -> dict[str, Any] | None:
    path = next(endpoint.path for endpoint in contract.endpoints if endpoint.operation is Operation.QUERY)
    return None if "{" in path else {"task_id": turn.created_id}


@pytest.fixture(scope="module")
def pair_of(clips: Path, open_lasting: Callable[..., Any]) -> Callable[..., Pair]:
    def opened(*lies: Any) -> Pair:
        target = open_lasting(lies=lies)
        now, sleep = target.clock.now, target.clock.advance
        speakers = [
            Driver(said, target.send, KEYS, now, sleep, lambda _: None, allow_orders=True) for said in (ONE, OTHER)
        ]
        return Pair(target.clock, speakers)

    return opened


def unlike(pair: Pair, order: GenerationRequest, fate: str = "") -> Iterator[str]:
    """What is not alike in the two lives of one order."""
    made = pair.order(order, fate)
    if any(turn.created_id is None for turn in made):
        yield f"refused: {[turn.exchange.response.body for turn in made]}"
        return
    for seconds in INSTANTS:
        pair.clock.advance(seconds)
        seen = pair.look(made)
        if seen[0].status is None or seen[0].status is not seen[1].status:
            yield f"status: {[turn.raw_status for turn in seen]}"
    if seen[0].status is seen[1].status is TaskStatus.SUCCESS:
        clips = [turn.exchange.response.media for turn in pair.content(seen)]
        told = [
            clip and (clip.width, clip.height, clip.frames, clip.seconds, clip.has_audio, clip.codec) for clip in clips
        ]
        if told[0] is None or told[0] != told[1]:
            yield f"clip: {told}"


def unexplained(pair: Pair, order: GenerationRequest) -> Iterator[str]:
    """What differs in the two answers to one order, and is not on the page of differences."""
    turns = pair.order(order)
    broken = [violations(t.contract.name, Operation.CREATE, t.document or {}) for t in turns]
    for turn, found in zip(turns, broken, strict=True):
        if turn.is_error and not any(case.kind is found[0].kind for case in turn.error_cases if found):
            yield f"{turn.contract.name} refuses otherwise than by its rules: {turn!r}"
        if bool(found) is not turn.is_error:
            yield f"{turn.contract.name} does not keep its own rules: {turn!r} {[v.fact.id for v in found]}"
    kinds = [found[0].kind if found else None for found in broken]
    if kinds[0] is not kinds[1] and not {found[0].fact.id for found in broken if found} & EXPLAINED:
        yield f"answered unlike, and the page does not tell: {kinds} {[[v.fact.id for v in found] for found in broken]}"


FEW = settings(max_examples=max(10, settings.default.max_examples // 3), deadline=None)


@pytest.mark.slow
@FEW
@given(order=house_orders(), fate=st.sampled_from(FATES))
def test_the_same_order_has_the_same_life_and_the_same_clip(
    pair_of: Callable[..., Pair], order: GenerationRequest, fate: str
) -> None:
    assert list(unlike(pair_of(), order, fate)) == []


@FEW
@given(order=house_orders())
def test_the_harness_reads_back_what_it_writes(order: GenerationRequest) -> None:
    for said in (ONE, OTHER):
        read = parse_order(said, Operation.CREATE, build_document(said, order))
        size = said.parse_size(order.size) if order.size else said.size(str(order.resolution), str(order.ratio))
        assert read is not None
        assert (read.model.tier, read.prompt, read.size) == (order.model, order.prompt, size)
        assert (read.seconds, read.seed) == (order.seconds, order.seed)
        assert read.audio is (order.generate_audio is not False)
        assert tuple(found.reference for found in read.references) == order.references


@pytest.mark.parametrize("spoilt", SPOILT)
@settings(max_examples=8, deadline=None)
@given(order=house_orders())
def test_a_spoilt_order_is_refused_alike_or_the_page_tells_why(
    pair_of: Callable[..., Pair], spoilt: str, order: GenerationRequest
) -> None:
    assert list(unexplained(pair_of(), SPOILT[spoilt](order))) == []


@settings(max_examples=8, deadline=None)
@given(order=house_orders())
def test_an_order_that_both_take_is_on_no_page(pair_of: Callable[..., Pair], order: GenerationRequest) -> None:
    assert list(unexplained(pair_of(), order)) == []


def test_a_difference_that_the_page_does_not_tell_is_found(pair_of: Callable[..., Pair]) -> None:
    order = GenerationRequest(prompt="A kite.", model="standard", size="1280x720", seconds=4)
    laxer = pair_of(("other_limit fact=apimodels.create.duration.range low=3", {"upstream": "apimodels"}))
    assert list(unexplained(laxer, replace(order, seconds=3)))
    smaller = pair_of(("other_size", {"upstream": "apimodels", "operation": "content"}))
    assert [said.partition(":")[0] for said in unlike(smaller, order)] == ["clip"]
    slower = pair_of(("backwards", {"upstream": "opeai", "operation": "query"}))
    assert {said.partition(":")[0] for said in unlike(slower, order)} == {"status"}


def test_what_is_the_same_at_both_is_on_no_page() -> None:
    abouts = {(row.topic, row.about) for row in DIFFERENCES}
    assert ("rules on an order", "seconds: range") not in abouts
    assert ("sizes", "720p 16:9") not in abouts
    assert ("rules on an order", "seconds: needed") in abouts
    assert all(row.one != row.other and row.facts for row in DIFFERENCES)
    assert all(row.one != NOTHING or row.other != NOTHING for row in DIFFERENCES)
    known = {fact.id for said in (ONE, OTHER) for fact in said.facts()}
    assert known >= EXPLAINED
    assert upstream_differences(ONE, ONE) == ()

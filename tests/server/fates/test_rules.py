"""Which fate a call meets, and what is said of one that cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from seedmock_server.fates.rules import FateRules, check_outcomes, parse_fate, parse_fate_rule, parse_outcomes
from seedmock_server.matching.rules import InvalidRule
from seedmock_server.randomness import SeededRandom

Speak = Callable[..., Any]
SOURCES = ("header", "magic", "rule", "scenario", "key", "default")
FACE_URL = "https://mock.test/face.png"


def arranged(speaker: Any, sources: tuple[str, ...]) -> dict[str, Any]:
    """Make each source want another word; returns what the create has to say for those that are in the call."""
    fates, account = speaker.app.fates, speaker.account
    call: dict[str, Any] = {}
    for source in sources:
        fate = f"unknown_status word={source}"
        if source == "header":
            call["fate"] = fate
        elif source == "magic":
            call["prompt"] = f"A boat [[mock: {fate}]] on a canal"
        elif source in ("rule", "scenario"):
            fates.add(parse_fate_rule({"fate": fate}), scenario=source == "scenario")
        elif source == "key":
            fates.account_defaults[account] = parse_outcomes(fate)
        else:
            fates.default = parse_outcomes(fate)
    return call


@pytest.mark.parametrize("first", range(len(SOURCES)))
def test_the_first_source_with_a_fate_decides(nearby: Any, first: int) -> None:
    task_id = nearby.order(**arranged(nearby, SOURCES[first:]))
    assert nearby.words(task_id, 1) == [SOURCES[first]]


def test_a_url_of_the_magic_host_sets_a_fate(nearby: Any) -> None:
    url = "https://mock.test/not-a-face.png?fate=unknown_status+word%3Durl"
    assert nearby.words(nearby.order(**nearby.references("image", url)), 1) == ["url"]
    both = nearby.order(prompt="[[mock: unknown_status word=prompt]]", **nearby.references("image", url))
    assert nearby.words(both, 1) == ["prompt"]


def test_a_face_takes_the_precedence_of_a_magic_value(nearby: Any) -> None:
    face = nearby.references("image", FACE_URL)
    nearby.app.fates.add(parse_fate_rule({"fate": "succeed"}))
    assert nearby.create(**face).status_code == 400
    assert nearby.create("succeed", **face).status_code == 200
    assert nearby.create(prompt="[[mock: succeed]]", **face).status_code == 200


INVALID = {
    "explode": ("'explode'", "succeed, refused, moderated"),
    "failed code=NOPE": ("'NOPE'", "for create: "),
    "failed colour=red": ("'colour'", "queue, render, after, code, charged"),
    "succeed after=soon": ("'soon'", "120s"),
    "succeed after=-1s": ("'-1s'", "120s"),
    "succeed after": ("'after'", "name=value"),
    "succeed after=1s after=2s": ("after", "once"),
    "succeed after=5s render=1s": ("after", "queue and render"),
    "stuck status=sleeping": ("'sleeping'", "queued, in_progress"),
    "refused why=ugly": ("'ugly'", "face, text, image, video, audio, policy"),
    "active": ("active", "succeed, refused, moderated"),
    "failed code=DownloadFailed": ("'DownloadFailed'", "for create: "),
    "failed charged=perhaps": ("'perhaps'", "yes, no"),
}


@pytest.mark.parametrize("source", ["header", "prompt", "url"])
@pytest.mark.parametrize("fate", INVALID)
def test_an_invalid_fate_is_a_400_with_the_allowed_values(nearby: Any, fate: str, source: str) -> None:
    if source == "header":
        response = nearby.create(fate)
    elif source == "prompt":
        response = nearby.create(prompt=f"[[mock: {fate}]]")
    else:
        query = fate.replace(" ", "+").replace("=", "%3D")
        response = nearby.create(**nearby.references("image", f"https://mock.test/not-a-face.png?fate={query}"))
    status, _, message = nearby.error(response)
    assert status == 400
    assert all(part in message for part in INVALID[fate]), message
    assert nearby.app.context.engine.store.tasks(nearby.account) == []


@pytest.mark.parametrize("prompt", ["[[mock: stuck", "[[ MOCK:stuck]", f"[[mock: {'x' * 301}]]", "[[mock:]]"])
def test_an_unclosed_magic_prompt_is_rejected(nearby: Any, prompt: str) -> None:
    status, _, message = nearby.error(nearby.create(prompt=prompt))
    assert (status, "allowed" in message) == (400, True)


@pytest.mark.parametrize("prompt", ["[mock: stuck]", "[[other: stuck]]", "mock: stuck", "[[ ]]"])
def test_other_double_brackets_are_part_of_the_prompt(nearby: Any, prompt: str) -> None:
    assert nearby.words(nearby.order(prompt=prompt), 2) == [nearby.status_words[2]]


@pytest.mark.parametrize("prompt", ["[[mock:stuck]]", "[[ Mock :stuck]]", "a [[  MOCK:  stuck  ]] b"])
def test_a_magic_prompt_can_stand_anywhere_and_in_any_case(nearby: Any, prompt: str) -> None:
    stuck = nearby.words(nearby.order(prompt=prompt), 99)
    assert stuck == [nearby.status_words[1 if "Mock :" not in prompt else 2]]


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"match": {"operation": "query"}, "fate": "stuck"}, ("'query'", "create, upscale, asset_create")),
        ({"match": {"operation": "asset_create"}, "fate": "stuck"}, ("stuck", "active, failed, refused")),
        ({"fate": "active"}, ("active", "succeed, refused")),
        ({"match": {"upstream": "opeai"}, "fate": "failed code=UPSTREAM_BUSY"}, ("UPSTREAM_BUSY", "opeai has")),
        ({"fate": "failed code=NOPE"}, ("NOPE", "apimodels and opeai has")),
        ({"match": {"colour": "red"}, "fate": "stuck"}, ("'colour'", "upstream, operation")),
        ({"match": {"nth": 0}, "fate": "stuck"}, ("nth is 0", "from 1")),
        ({"match": {"prompt": "("}, "fate": "stuck"}, ("prompt", "regular expression")),
        ({"match": {"seconds": "5"}, "fate": "stuck"}, ("seconds", "whole number")),
        ({"match": "all", "fate": "stuck"}, ("'all'", "table")),
        ({"match": {}}, ("allowed: match, fate",)),
        ({"fate": []}, ("allowed: a text, a table, or a list",)),
        ({"fate": [{"fate": "stuck", "weight": 0}]}, ("weight is 0", "above 0")),
        ({"fate": ["stuck"]}, ("'stuck'", "a table")),
        ({"fate": {"fate": "succeed", "after": True}}, ("after is True", "120s")),
    ],
)
def test_an_invalid_rule_is_rejected_when_it_is_added(values: dict[str, Any], parts: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRule) as told:
        parse_fate_rule(values)
    assert all(part in str(told.value) for part in parts), told.value


def test_a_default_must_be_allowed_for_tasks() -> None:
    check_outcomes(parse_outcomes("failed code=UPSTREAM_BUSY"))
    check_outcomes(parse_outcomes("failed code=DownloadFailed"), "asset_create")
    for wrong in ("active", "failed code=DownloadFailed"):
        with pytest.raises(InvalidRule):
            check_outcomes(parse_outcomes(wrong))


def test_a_rule_with_a_code_of_one_upstream_does_not_apply_to_another(nearby: Any) -> None:
    nearby.app.fates.add(parse_fate_rule({"fate": "failed code=UPSTREAM_BUSY"}))
    nearby.app.fates.default = parse_outcomes("failed code=QuotaExceeded")
    task_id = nearby.order()
    nearby.server.clock.advance(2)
    assert nearby.failure(task_id)[0] == {"apimodels": "UPSTREAM_BUSY", "opeai": "QuotaExceeded"}[nearby.name]


def test_rules_are_tried_in_order_and_counted(nearby: Any) -> None:
    fates = nearby.app.fates
    first = fates.add(parse_fate_rule({"match": {"nth": 2}, "fate": "unknown_status word=second"}))
    fates.add(parse_fate_rule({"match": {"times": 2}, "fate": "unknown_status word=early"}))
    fates.add(parse_fate_rule({"match": {"prompt": "boat$", "model": nearby.document_model}, "fate": "stuck"}))
    tasks = [nearby.order() for _ in range(5)]
    nearby.server.clock.advance(1)
    stuck = nearby.status_words[1]
    assert [nearby.word(task_id) for task_id in tasks] == ["early", "second", "early", stuck, stuck]
    assert fates.remove(first)
    assert not fates.remove(first)


def test_a_rule_of_an_account_does_not_apply_to_others(nearby: Any) -> None:
    nearby.app.fates.add(parse_fate_rule({"match": {"account": nearby.account}, "fate": "refused"}))
    assert nearby.create().status_code == 400
    assert nearby.create(key="sk_test_other").status_code == 200


WEIGHTED = [{"fate": "refused", "weight": 1}, {"fate": "failed", "weight": 2}, {"fate": "succeed", "weight": 7}]


def test_weighted_outcomes_have_their_shares_and_repeat_with_the_seed(speak: Speak) -> None:
    seen = []
    for seed in (1, 1, 2):
        speaker = speak(seed=seed, pace="instant")
        speaker.app.fates.add(parse_fate_rule({"fate": WEIGHTED}))
        responses = [speaker.create() for _ in range(200)]
        ids = [
            (response.json().get("data") or response.json()) for response in responses if response.status_code == 200
        ]
        words = [speaker.word(body.get("taskId") or body["id"]) for body in ids]
        seen.append(([response.status_code for response in responses], words))
    assert seen[0] == seen[1] != seen[2]
    statuses, words = Counter(seen[0][0]), Counter(seen[0][1])
    assert 8 <= statuses[400] <= 35
    assert 20 <= words[speaker.status_words[3]] <= 60


def test_draws_of_an_account_do_not_depend_on_other_accounts(speak: Speak) -> None:
    drawn = []
    for busy in (False, True):
        speaker = speak(pace="instant")
        speaker.app.fates.default = parse_outcomes(WEIGHTED)
        statuses = []
        for _ in range(30):
            if busy:
                speaker.create(key="sk_test_other")
            statuses.append(speaker.create().status_code)
        drawn.append(statuses)
    assert drawn[0] == drawn[1]


def test_text_and_table_of_a_fate_parse_to_the_same() -> None:
    for said in ("succeed queue=10s render=60s", "failed code=TIMEOUT charged=yes after=1.5s", "refused why=face"):
        fate = parse_fate(said)
        assert parse_fate(str(fate)) == fate
        assert parse_fate({"fate": fate.kind, **fate.seconds, **fate.texts}) == fate
    assert parse_fate("slow after=2m") == parse_fate("slow after=120") == parse_fate({"fate": "slow", "after": 120})
    assert parse_fate("slow after=500ms").seconds == {"after": 0.5}


def test_the_rules_of_one_account_can_be_removed() -> None:
    fates = FateRules(SeededRandom(1))
    fates.add(parse_fate_rule({"match": {"account": "mine"}, "fate": "stuck"}))
    fates.add(parse_fate_rule({"fate": "slow"}))
    fates.account_defaults.update(mine=parse_outcomes("stuck"), theirs=parse_outcomes("slow"))
    fates.clear("mine")
    assert ([str(rule.outcomes.weighted[0][1]) for _, rule in fates.rules], list(fates.account_defaults)) == (
        ["slow"],
        ["theirs"],
    )
    fates.clear()
    assert (fates.rules, fates.account_defaults) == ([], {})


def test_text_moderation_spares_the_nsfw_model_unless_it_is_requested(
    start_server: Callable[..., Any], apps: Any
) -> None:
    server = start_server(pace="fast")
    order = {"model": "seedance-2-0-nsfw", "prompt": "A boat", "size": "640x640", "seconds": "4"}
    face = {"type": "image_url", "role": "reference_image", "image_url": {"url": FACE_URL}}

    def status(fate: str, **changes: Any) -> int:
        apps[-1].fates.default = parse_outcomes(fate)
        return int(server.post("/v1/videos", {**order, **changes}).status_code)

    assert status("refused why=text") == 200
    assert status("refused why=text", model="seedance-2-0") == 400
    assert status("refused why=image") == 400
    assert status("succeed", prompt="[[mock: refused why=text]]") == 400
    assert status("succeed", input_reference={"content": [face]}) == 400

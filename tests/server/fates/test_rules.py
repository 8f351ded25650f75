"""Choice of a fate among header, magic values, rules and defaults; and rejected fates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from seedmock_server.fates.models import check_outcomes, parse_fate, parse_outcomes
from seedmock_server.fates.rules import FateRules, parse_fate_rule
from seedmock_server.http.coroutines import run_now
from seedmock_server.matching.rules import InvalidRule
from seedmock_server.randomness import SeededRandom

Speak = Callable[..., Any]
SOURCES = ("header", "magic", "rule", "scenario", "key", "default")
FACE_URL = "https://mock.test/face.png"


def arranged(upstream_client: Any, sources: tuple[str, ...]) -> dict[str, Any]:
    """Give each source a fate with another status word; return the changes for sources within the request."""
    fates, account = upstream_client.app.fates, upstream_client.account
    call: dict[str, Any] = {}
    for source in sources:
        fate = f"unknown_status raw_status={source}"
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
def test_the_first_source_with_a_fate_decides(in_process_client: Any, first: int) -> None:
    task_id = in_process_client.order(**arranged(in_process_client, SOURCES[first:]))
    assert in_process_client.statuses(task_id, 1) == [SOURCES[first]]


def test_a_url_of_the_magic_host_sets_a_fate(in_process_client: Any) -> None:
    url = "https://mock.test/not-a-face.png?fate=unknown_status+raw_status%3Durl"
    assert in_process_client.statuses(in_process_client.order(**in_process_client.references("image", url)), 1) == [
        "url"
    ]
    both = in_process_client.order(
        prompt="[[mock: unknown_status raw_status=prompt]]", **in_process_client.references("image", url)
    )
    assert in_process_client.statuses(both, 1) == ["prompt"]


def test_a_face_takes_the_precedence_of_a_magic_value(in_process_client: Any) -> None:
    face = in_process_client.references("image", FACE_URL)
    in_process_client.app.fates.add(parse_fate_rule({"fate": "succeed"}))
    assert in_process_client.create(**face).status_code == 400
    assert in_process_client.create("succeed", **face).status_code == 200
    assert in_process_client.create(prompt="[[mock: succeed]]", **face).status_code == 200


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
def test_an_invalid_fate_is_a_400_with_the_allowed_values(in_process_client: Any, fate: str, source: str) -> None:
    if source == "header":
        response = in_process_client.create(fate)
    elif source == "prompt":
        response = in_process_client.create(prompt=f"[[mock: {fate}]]")
    else:
        query = fate.replace(" ", "+").replace("=", "%3D")
        response = in_process_client.create(
            **in_process_client.references("image", f"https://mock.test/not-a-face.png?fate={query}")
        )
    status, _, message = in_process_client.error(response)
    assert status == 400
    assert all(part in message for part in INVALID[fate]), message
    assert run_now(in_process_client.app.context.engine.store.tasks(in_process_client.account)) == []


@pytest.mark.parametrize("prompt", ["[[mock: stuck", "[[ MOCK:stuck]", f"[[mock: {'x' * 301}]]", "[[mock:]]"])
def test_an_unclosed_magic_prompt_is_rejected(in_process_client: Any, prompt: str) -> None:
    status, _, message = in_process_client.error(in_process_client.create(prompt=prompt))
    assert (status, "allowed" in message) == (400, True)


@pytest.mark.parametrize("prompt", ["[mock: stuck]", "[[other: stuck]]", "mock: stuck", "[[ ]]"])
def test_other_double_brackets_are_part_of_the_prompt(in_process_client: Any, prompt: str) -> None:
    assert in_process_client.statuses(in_process_client.order(prompt=prompt), 2) == [
        in_process_client.status_spellings[2]
    ]


@pytest.mark.parametrize("prompt", ["[[mock:stuck]]", "[[ Mock :stuck]]", "a [[  MOCK:  stuck  ]] b"])
def test_a_magic_prompt_can_stand_anywhere_and_in_any_case(in_process_client: Any, prompt: str) -> None:
    stuck = in_process_client.statuses(in_process_client.order(prompt=prompt), 99)
    assert stuck == [in_process_client.status_spellings[1 if "Mock :" not in prompt else 2]]


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"match": {"operation": "query"}, "fate": "stuck"}, ("'query'", "create, upscale, asset_create")),
        ({"match": {"operation": "asset_create"}, "fate": "stuck"}, ("stuck", "active, failed, refused")),
        ({"fate": "active"}, ("active", "succeed, refused")),
        ({"match": {"upstream": "opeai"}, "fate": "failed code=UPSTREAM_BUSY"}, ("UPSTREAM_BUSY", "allowed by opeai")),
        ({"fate": "failed code=NOPE"}, ("NOPE", "allowed by apimodels and opeai")),
        ({"match": {"colour": "red"}, "fate": "stuck"}, ("'colour'", "upstream, operation")),
        ({"match": {"nth": 0}, "fate": "stuck"}, ("nth is 0", "from 1")),
        ({"match": {"prompt": "("}, "fate": "stuck"}, ("prompt", "regular expression")),
        ({"match": {"seconds": "5"}, "fate": "stuck"}, ("seconds", "whole number")),
        ({"match": "all", "fate": "stuck"}, ("'all'", "table")),
        ({"match": {}}, ("allowed: match, fate",)),
        ({"fate": []}, ("allowed: a string, a table, or a list",)),
        ({"fate": [{"fate": "stuck", "weight": 0}]}, ("weight is 0", "above 0")),
        ({"fate": ["stuck"]}, ("'stuck'", "a table")),
        ({"fate": {"fate": "succeed", "after": True}}, ("after is True", "120s")),
    ],
)
def test_an_invalid_rule_is_rejected_when_it_is_added(values: dict[str, Any], parts: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRule) as raised:
        parse_fate_rule(values)
    assert all(part in str(raised.value) for part in parts), raised.value


def test_a_default_must_be_allowed_for_tasks() -> None:
    check_outcomes(parse_outcomes("failed code=UPSTREAM_BUSY"))
    check_outcomes(parse_outcomes("failed code=DownloadFailed"), "asset_create")
    for wrong in ("active", "failed code=DownloadFailed"):
        with pytest.raises(InvalidRule):
            check_outcomes(parse_outcomes(wrong))


def test_a_rule_with_a_code_of_one_upstream_does_not_apply_to_another(in_process_client: Any) -> None:
    in_process_client.app.fates.add(parse_fate_rule({"fate": "failed code=UPSTREAM_BUSY"}))
    in_process_client.app.fates.default = parse_outcomes("failed code=QuotaExceeded")
    task_id = in_process_client.order()
    in_process_client.server.clock.advance(2)
    assert (
        in_process_client.failure(task_id)[0]
        == {"apimodels": "UPSTREAM_BUSY", "opeai": "QuotaExceeded"}[in_process_client.name]
    )


def test_rules_are_tried_in_order_and_counted(in_process_client: Any) -> None:
    fates = in_process_client.app.fates
    first = fates.add(parse_fate_rule({"match": {"nth": 2}, "fate": "unknown_status raw_status=second"}))
    fates.add(parse_fate_rule({"match": {"times": 2}, "fate": "unknown_status raw_status=early"}))
    fates.add(
        parse_fate_rule({"match": {"prompt": "boat$", "model": in_process_client.document_model}, "fate": "stuck"})
    )
    tasks = [in_process_client.order() for _ in range(5)]
    in_process_client.server.clock.advance(1)
    stuck = in_process_client.status_spellings[1]
    assert [in_process_client.status(task_id) for task_id in tasks] == ["early", "second", "early", stuck, stuck]
    assert fates.remove(first)
    assert not fates.remove(first)


def test_a_rule_of_an_account_does_not_apply_to_others(in_process_client: Any) -> None:
    in_process_client.app.fates.add(
        parse_fate_rule({"match": {"account": in_process_client.account}, "fate": "refused"})
    )
    assert in_process_client.create().status_code == 400
    assert in_process_client.create(key="sk_test_other").status_code == 200


WEIGHTED = [{"fate": "refused", "weight": 1}, {"fate": "failed", "weight": 2}, {"fate": "succeed", "weight": 7}]


def test_weighted_outcomes_have_their_shares_and_repeat_with_the_seed(start_client: Speak) -> None:
    runs = []
    for seed in (1, 1, 2):
        upstream_client = start_client(seed=seed, pace="instant")
        upstream_client.app.fates.add(parse_fate_rule({"fate": WEIGHTED}))
        responses = [upstream_client.create() for _ in range(200)]
        ids = [
            (response.json().get("data") or response.json()) for response in responses if response.status_code == 200
        ]
        statuses = [upstream_client.status(body.get("taskId") or body["id"]) for body in ids]
        runs.append(([response.status_code for response in responses], statuses))
    assert runs[0] == runs[1] != runs[2]
    http_statuses, final_statuses = Counter(runs[0][0]), Counter(runs[0][1])
    assert 8 <= http_statuses[400] <= 35
    assert 20 <= final_statuses[upstream_client.status_spellings[3]] <= 60


def test_draws_of_an_account_do_not_depend_on_other_accounts(start_client: Speak) -> None:
    drawn = []
    for busy in (False, True):
        upstream_client = start_client(pace="instant")
        upstream_client.app.fates.default = parse_outcomes(WEIGHTED)
        statuses = []
        for _ in range(30):
            if busy:
                upstream_client.create(key="sk_test_other")
            statuses.append(upstream_client.create().status_code)
        drawn.append(statuses)
    assert drawn[0] == drawn[1]


def test_text_and_table_of_a_fate_parse_to_the_same() -> None:
    for text in ("succeed queue=10s render=60s", "failed code=TIMEOUT charged=yes after=1.5s", "refused why=face"):
        fate = parse_fate(text)
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

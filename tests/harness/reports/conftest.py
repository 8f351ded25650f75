"""What the tests of reports share: records made by hand, small and large, harmless and hostile."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from seedmock_contracts.enums import Basis, TaskStatus
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History
from seedmock_harness.results.certification import (
    Certification,
    CertificationVerdict,
    Invariant,
    InvariantViolation,
    TrialCall,
    TrialRecord,
    invariant_severity,
)
from seedmock_harness.results.checks import Severity
from seedmock_harness.results.verification import FactResult, FactStatus, Finding, Verification, VerificationVerdict

OPEAI = get_contract("opeai")
PLAIN = "a puddle"
FACTS = 24
FRAGMENTS = (
    '"><script>alert(1)</script>',
    "</pre></style></title><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "]]></failure><!--",
    "```\n# A heading\n```",
    "| a | b |\n|---|---|",
    "[a](javascript:alert(1)) ![b](http://evil.test/p.png)",
    "http://evil.test/x www.evil.test <b>bold</b> &lt; &amp;",
    "\x00\x08\x1b[31m\u202egnp.exe\u200b\ufffe\r\n\u2028\x85",
    "\ud800",
    "~~~\n</details>\n***\n1. one\n- two\n> three",
)


@pytest.fixture(scope="session")
def hostile() -> st.SearchStrategy[str]:
    """What nobody would say who means well."""
    return st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=20), min_size=1, max_size=4).map("".join)


@pytest.fixture
def said() -> Callable[[str], History]:
    """A conversation in which one task lives from its order to its clip, and `text` is said wherever it can be."""

    def make(text: str = PLAIN) -> History:
        conversation = History(OPEAI)
        order = {"model": "seedance-2-0-fast", "prompt": text, "size": "864x496", "seconds": "4"}
        task = f"cgt-{text}"
        told = [("queued", 0.0), ("QUEUED", 1.0), (f"odd {text}", 2.0), ("IN_PROGRESS", 3.5), ("SUCCESS", 9.0)]
        for number, (word, at) in enumerate(told):
            answer = Response(200, body=json.dumps({"id": task, "status": word, "prompt": text}))
            request = Request("GET", f"/v1/videos/{quote(task, errors='replace')}")
            if number == 0:
                request = Request("POST", "/v1/videos", (("x-note", text),), json.dumps(order))
            exchange = Exchange("query" if number else "create", request, answer, "first", 1_780_000_000.0 + at)
            conversation.add(conversation.interaction(exchange))
        for status, at in ((409, 9.5), (0, 9.6), (200, 10.0)):
            request = Request("GET", f"/v1/videos/{quote(task, errors='replace')}/content")
            exchange = Exchange("content", request, Response(status), "first", 1_780_000_000.0 + at)
            conversation.add(conversation.interaction(exchange))
        return conversation

    return make


@pytest.fixture
def finding() -> Callable[..., Finding]:
    """A finding about one of the facts, in which `text` is everywhere."""

    def make(text: str = PLAIN, number: int = 0, **more: Any) -> Finding:
        basis = more.pop("basis", Basis.DOCUMENTED)
        facts = [fact for fact in OPEAI.facts() if fact.basis is basis]
        headers = (("authorization", "***"), ("x-note", text))
        exchange = Exchange(
            "query",
            Request("GET", f"https://api.test/v1/videos/{text}", headers, f"body {text}"),
            Response(200, (("x-note", text),), f'{{"status": "{text}"'),
            "first",
            1_780_000_000.0,
        )
        values = {"severity": Severity.BREAKING, "title": f"title {text}", "expected": f"expected {text}"}
        values |= {"emulated": f"emulated {text}", "observed": f"observed {text}", "exchange": exchange} | more
        return Finding(fact=facts[number % len(facts)], check=f"check_{number}", **values)

    return make


@pytest.fixture
def verification(said: Any, finding: Any) -> Callable[..., Verification]:
    """A verification that has drifted, in which `text` is everywhere; anything can be given otherwise."""

    def make(text: str = PLAIN, findings: int = 2, **more: Any) -> Verification:
        found = tuple(finding(text, number) for number in range(findings))
        found += (finding(text, 1, basis=Basis.ASSUMED, severity=Severity.INFO, patch=f"patch {text}"),)
        found += (finding(text, 9, severity=Severity.WARNING, label="flake"),)
        red = {one.fact.id for one in found if one.label == "drift"}
        facts = [
            FactResult(fact, FactStatus.CONTRADICTED if fact.id in red else seen, f"not looked at: {text}")
            for number, (fact, seen) in enumerate(
                zip(OPEAI.facts(), cycle((FactStatus.CONFIRMED, FactStatus.NOT_LOOKED)))
            )
            if number < FACTS or fact.id in red
        ]
        assumed = next(fact for fact in OPEAI.facts() if fact.basis is Basis.ASSUMED)
        values: dict[str, Any] = {
            "contract": OPEAI,
            "target": f"https://api.test/{text}",
            "started_at": 1_780_000_000.0,
            "verdict": VerificationVerdict.DRIFTED,
            "spent": Decimal("0.250000"),
            "facts": tuple(facts),
            "findings": found,
            "history": said(text),
            "problem": f"trouble {text}",
            "tasks": (f"cgt-{text}",),
            "unresolved_orders": (f"doubt {text}",),
            "confirmed_assumptions": ((assumed, f"patch {text}"),),
            "seconds": 12.3,
        }
        return Verification(**values | more)

    return make


@pytest.fixture
def nothing(verification: Any) -> Verification:
    """A verification that saw nothing at all."""
    facts = tuple(FactResult(fact, FactStatus.NOT_LOOKED, "not looked at: nobody is at home") for fact in OPEAI.facts())
    empty: dict[str, Any] = {
        "findings": (),
        "tasks": (),
        "unresolved_orders": (),
        "confirmed_assumptions": (),
        "facts": facts,
    }
    made = verification(findings=0)
    kept = {name: getattr(made, name) for name in ("contract", "target", "started_at")}
    return Verification(
        **kept,
        **empty,
        verdict=VerificationVerdict.COULD_NOT_LOOK,
        spent=Decimal(0),
        history=History(OPEAI),
        problem="nobody is at home",
    )


@pytest.fixture
def certification() -> Callable[..., Certification]:
    """A certification in which two invariants broke, one of them twice, and `text` is everywhere."""

    def make(text: str = PLAIN, **more: Any) -> Certification:
        names = ("one", "two", f"three {text}")
        lives = tuple(_life(name, text) for name in names)
        guilty = (Invariant.ONE_CHARGE, "one"), (Invariant.ONE_CHARGE, "two"), (Invariant.PACED_POLLS, "two")
        broken = tuple(
            InvariantViolation(
                invariant,
                name,
                invariant_severity(invariant),
                f"detail {text}",
                (f"step {text}", f"+0.00s {text}"),
                life,
            )
            for (invariant, name), life in zip(guilty, islice(cycle((lives[0], None)), 3), strict=True)
        )
        values: dict[str, Any] = {
            "upstream": "opeai",
            "adapter": f"adapter {text}",
            "trials": names,
            "trial_records": lives,
        }
        values |= {"verdict": CertificationVerdict.NOT_CERTIFIED, "violations": broken, "seconds": 4.0}
        return Certification(**values | more)

    return make


def _life(name: str, text: str) -> TrialRecord:
    calls = (
        TrialCall(0.0, 0.1, "create", f"POST /v1/videos {text}", 200, "queued", TaskStatus.QUEUED),
        TrialCall(1.0, None, "query", "GET /v1/videos/x", 0, faults=(f"hang {text}",)),
        TrialCall(2.0, 2.1, "query", "GET /v1/videos/x", 404),
        TrialCall(3.0, 3.1, "query", "GET /v1/videos/x", 200, f"odd {text}"),
        TrialCall(4.0, 4.1, "query", "GET /v1/videos/x", 200, "FAILURE", TaskStatus.FAILURE),
        TrialCall(4.2, 4.3, "balance", "GET /v1/balance", 200),
    )
    return TrialRecord(name, f"says {text}", (f"step {text}",), calls, f"outcome {text}", 5.0)

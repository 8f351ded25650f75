"""Each deliberately broken client is caught, and blamed on what it breaks and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_harness.certify import runner as running
from seedmock_harness.certify.runner import run_certification
from seedmock_harness.results.certification import CertificationVerdict, Invariant

PLAIN = ("ordinary", "failed", "poll-404", "refused-face", "content-elsewhere")
"""What every broken client is run through, beside the scenarios that show its defect."""
SHOWN_IN: dict[str, tuple[str, ...]] = {
    "orders-again": ("poll-502-page",),
    "resubmits": ("create-500",),
    "hides-doubt": ("create-lost", "create-garbled"),
    "never-gives-up": ("stuck-in-progress",),
    "hangs": ("stuck-queued",),
    "hurries": ("ordinary",),
    "ignores-retry-after": ("create-429", "poll-429"),
    "ignores-dates": ("poll-429-date",),
    "looks-again": ("ordinary",),
    "knows-few-words": ("word-succeeded", "word-expired"),
    "fails-are-running": ("word-cancelled",),
    "unknown-is-success": ("unknown-passing",),
    "unknown-is-failure": ("unknown-passing",),
    "asks-content": ("ordinary",),
    "keeps-halves": ("download-cut",),
    "leaves-parts": ("download-cut-always",),
    "loses-id": ("stuck-queued",),
    "alters-id": ("ordinary",),
    "retries-moderation": ("moderated-video",),
    "key-everywhere": ("content-elsewhere",),
    "other-words": ("ordinary",),
    "drops-references": ("order-many-references",),
}
SLOW = ("hangs", "fails-are-running")
"""What is waited for until the time is up, in whatever scenario."""
UPSTREAM = {"asks-content": "opeai"}
"""Only one upstream's content can be asked for before anybody is told where it is."""


def defects() -> dict[str, str]:
    """Each defect and its invariant, without importing the client."""
    import ast
    from pathlib import Path

    text = (Path(__file__).parent / "clients" / "plain.py").read_text()
    assigned = next(
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DEFECTS"
    )
    return dict(ast.literal_eval(assigned))


DEFECTS = defects()


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_broken_client_is_blamed_on_what_it_breaks_and_on_nothing_else(
    defect: str, making: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "QUIET", 2.0)
    upstream = UPSTREAM.get(defect, "apimodels" if len(defect) % 2 else "opeai")
    only = SHOWN_IN[defect] if defect in SLOW else {*PLAIN, *SHOWN_IN[defect]}
    found = run_certification(making("plain", defect), upstream=upstream, only=only, seed=1)
    assert found.verdict is CertificationVerdict.NOT_CERTIFIED
    assert {(one.invariant.value, one.scenario) for one in found.violations} >= {
        (DEFECTS[defect], scenario) for scenario in SHOWN_IN[defect]
    }
    assert {one.invariant.value for one in found.violations} == {DEFECTS[defect]}
    for one in found.violations:
        assert sum(line.startswith("step: ") for line in one.transcript) <= 6


def test_there_is_a_broken_client_for_each_invariant() -> None:
    assert set(DEFECTS.values()) == {invariant.value for invariant in Invariant}
    assert len(DEFECTS) >= 15
    assert set(SHOWN_IN) == set(DEFECTS)


@pytest.mark.slow
def test_a_client_as_a_well_known_sdk_makes_it_breaks_several_at_once(making: Callable[..., Any]) -> None:
    only = ("ordinary", "create-lost", "not-started", "stuck-queued", "download-cut")
    found = run_certification(making("sdk_like"), upstream="opeai", only=only, seed=1)
    broken = {(one.invariant.value, one.scenario) for one in found.violations}
    assert broken >= {
        ("one-charge", "create-lost"),
        ("no-blind-resubmit", "create-lost"),
        ("status-words", "not-started"),
        ("bounded-wait", "stuck-queued"),
    }
    assert not [one for one in found.violations if one.scenario == "ordinary"]

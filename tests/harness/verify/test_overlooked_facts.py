"""A whole run that did not see a documented fact is not green, unless it names why that is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from seedmock_contracts.enums import Basis
from seedmock_harness.results.not_checkable import unreachable_facts
from seedmock_harness.results.verification import FactStatus, VerificationVerdict
from seedmock_server.http.in_process import BufferedResponse

if TYPE_CHECKING:
    from .conftest import OpenEmulator, Send, Verify, VerifyWhole

OPAQUE = {
    "opeai": {"error": {"code": "InvalidParameter", "message": "bad request", "type": "BadRequest", "param": ""}},
    "apimodels": {"code": 400, "msg": "bad request", "data": None},
}


def hiding_reasons(upstream: str) -> Callable[[Send], Send]:
    """Refuse every invalid request in the same words."""

    def wrap(send: Send) -> Send:
        def wrapped(method: str, url: str, **arguments: Any) -> Any:
            response = send(method, url, **arguments)
            if response.status_code != 400:
                return response
            return BufferedResponse(400, {"content-type": "application/json"}, json.dumps(OPAQUE[upstream]).encode())

        return wrapped

    return wrap


@pytest.mark.slow
def test_whole_run_that_sees_no_limit_is_inconclusive_and_names_the_facts(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str
) -> None:
    with open_emulator(pace="fast") as emulator:
        verification = verify_target(upstream, emulator.with_send(hiding_reasons(upstream)))
    overlooked = [
        fact.fact.id
        for fact in verification.facts
        if fact.status is FactStatus.NOT_CHECKED and fact.fact.basis is Basis.DOCUMENTED
    ]
    assert set(overlooked) - unreachable_facts(upstream).keys()
    assert verification.verdict is not VerificationVerdict.CONFORMS
    assert "documented or observed facts, though every step ran" in verification.problem


@pytest.mark.slow
def test_facts_that_this_run_cannot_see_have_the_reason(verify_whole: VerifyWhole) -> None:
    run = verify_whole("apimodels", 1)
    facts = {fact["id"]: fact for fact in run.report["facts"]}
    assert facts["apimodels.tariff.upscale.4k"]["detail"].startswith("not checked: needs --deep: ")
    assert facts["apimodels.limit.image.size"]["detail"] == "not checked: It would take an image of 30 MB."
    documented = [fact for fact in facts.values() if fact["basis"] == "documented"]
    details = [fact["detail"] for fact in documented if fact["status"] == "not-checked"]
    assert details
    assert [detail for detail in details if "no completed step" in detail] == []

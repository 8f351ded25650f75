"""Draws of a test (ids, latencies, clips, probabilities): the same alone, in any order, in any worker, and again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]

TESTS = """
    import httpx
    import pytest

    VIDEO = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A boat", "duration": 4}

    def draw(upstreams, faults, fates):
        rule = latency_rule_from({"p50": "10s", "p90": "60s"})
        upstreams._emulator.app.context.engine.latencies = LatencyRules((rule,))
        faults.add("status code=502", operation="query", probability=0.5)
        fates.add([{"fate": "succeed"}, {"fate": "failed"}], prompt="boat", probability=0.5)
        base = upstreams.base_url("apimodels")
        with httpx.Client(headers={"Authorization": f"Bearer {upstreams.api_key}"}, trust_env=False) as http:
            for _ in range(4):
                http.post(base + "/video/generations", json=VIDEO).raise_for_status()
            group = http.post(base + "/assets/groups", json={"name": "g"}).json()["data"]
            file = http.post(base + "/files", files={"file": ("a.txt", b"text")}).text.rpartition(":")[2]
            tasks = upstreams.journal.tasks
            polls = [http.get(base + "/video/generations", params={"task_id": t.id}).status_code for t in tasks * 4]
        return [*((t.id, t.seed, t.phases, t.fate) for t in tasks), group, file.partition("/")[2], polls]

    from seedmock_server.tasks.latency import LatencyRules, latency_rule_from

    @pytest.fixture(autouse=True)
    def still(mock_clock):
        pass

    @pytest.mark.parametrize("number", range(3))
    def test_other(mock_upstreams, mock_faults, mock_fates, number):
        for _ in range(number):
            draw(mock_upstreams, mock_faults, mock_fates)

    @pytest.mark.xdist_group("some")
    def test_target(mock_upstreams, mock_faults, mock_fates, request, record_property):
        drawn = draw(mock_upstreams, mock_faults, mock_fates)
        with open(request.config.rootpath / "drawn.txt", "a") as file:
            print(drawn, file=file)

    def test_last(mock_upstreams, mock_faults, mock_fates):
        draw(mock_upstreams, mock_faults, mock_fates)
"""
NAME = "test_a_test_draws_the_same.py"


@pytest.fixture
def drawn(run: Run, pytester: pytest.Pytester) -> Callable[..., str]:
    """Run the tests with some options, and return the draws of one of them."""

    def draw(*options: str, subprocess: bool = False) -> str:
        file = pytester.path / "drawn.txt"
        file.unlink(missing_ok=True)
        result = run({NAME.removesuffix(".py"): TESTS}, *options, subprocess=subprocess)
        assert result.ret == 0, "\n".join(result.outlines)
        return file.read_text()

    return draw


@pytest.mark.slow
def test_a_test_draws_the_same_alone_and_after_others(drawn: Callable[..., str]) -> None:
    everything = drawn()
    assert everything.count("\n") == 1
    assert drawn("-k", "target") == everything
    assert drawn(f"{NAME}::test_last", f"{NAME}::test_target", f"{NAME}::test_other") == everything


@pytest.mark.slow
@pytest.mark.parametrize("distribution", ["load", "loadgroup"])
def test_a_test_draws_the_same_in_a_worker(drawn: Callable[..., str], distribution: str) -> None:
    assert drawn("-n2", "--dist", distribution, subprocess=True) == drawn("-k", "target")


@pytest.mark.slow
def test_a_test_draws_the_same_when_it_is_run_again(run: Run, pytester: pytest.Pytester) -> None:
    again = """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(item, nextitem):
        from _pytest.runner import runtestprotocol
        runtestprotocol(item, nextitem=nextitem, log=False)
        item._initrequest()
        return (yield)
    """
    pytester.makeconftest(again)
    result = run({NAME.removesuffix(".py"): TESTS}, "-k", "target")
    result.assert_outcomes(passed=1, deselected=4)
    first, second = (pytester.path / "drawn.txt").read_text().splitlines()
    assert first == second

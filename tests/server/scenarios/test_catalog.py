"""The scenarios that come with seedmock: whole, each with its sentence and its link, each report in exactly one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from seedmock_server.cli.main import scenarios
from seedmock_server.scenarios.catalog import load_builtin, scenario_names
from seedmock_server.scenarios.loader import parse_scenario

GITHUB = "https://github.com/"
REPORTS = [
    "ArcReel/ArcReel/issues/651",
    "ArcReel/ArcReel/pull/410",
    "ArcReel/ArcReel/pull/1889",
    "huggingface/huggingface_hub/pull/4164",
    "calesthio/OpenMontage/pull/452",
    "teng-lin/notebooklm-py/issues/1094",
    "QuantumNous/new-api/issues/2860",
    "mockoon/mockoon/issues/1098",
    "mockoon/mockoon/issues/709",
    "CopilotKit/aimock/issues/170",
    "getmoto/moto/issues/380",
    "getmoto/moto/issues/9200",
    "kevin1024/vcrpy/issues/15",
    "datahub-project/datahub/pull/18641",
    "keploy/keploy/pull/4379",
    "localstack/localstack/issues/13099",
    "bespokelabsai/curator/issues/238",
    "ffroliva/gflow-cli/issues/895",
    "kodelyx/flow-agent/issues/4",
    "adorosario/sora-extend-enhanced/issues/2",
    "gitroomhq/agent-media-app/pull/4",
    "Muneerali199/Draftdeckai/issues/1067",
    "open-software-network/os-clovy/pull/627",
    "QuantumNous/new-api/issues/2050",
    "DaWe35/image-router/issues/39",
    "Scottcjn/bottube/pull/1535",
    "civitai/cli/issues/278",
    "vm0-ai/vm0/issues/31359",
    "vm0-ai/vm0/issues/30959",
    "Comfy-Org/ComfyUI/issues/13883",
    "BlockRunAI/blockrun-mcp/pull/96",
    "BerriAI/litellm/pull/29784",
    "CopilotKit/aimock/issues/198",
    "CopilotKit/CopilotKit/pull/4015",
    "paritysuite/dynamodb-conformance/pull/29",
    "wiremock/wiremock/issues/456",
    "wiremock/wiremock/issues/169",
    "jmartin82/mmock/issues/124",
    "mock-server/mockserver-monorepo/issues/475",
    "CopilotKit/aimock/issues/308",
    "testcontainers/testcontainers-python/issues/985",
    "apache/pekko-connectors/issues/1517",
    "quickwit-oss/quickwit/pull/6303",
    "NVIDIA/nvcf/issues/874",
    "firebase/firebase-tools/issues/2192",
    "invertase/react-native-firebase/issues/7717",
    "fsouza/fake-gcs-server/issues/2354",
]
FAULTS = [f"F{number}" for number in range(1, 24)]


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_has_one_scenario(report: str) -> None:
    assert len([name for name in scenario_names() if GITHUB + report in load_builtin(name).links]) == 1


def test_every_fault_of_the_catalogue_has_one_scenario() -> None:
    assert Counter(fault for name in scenario_names() for fault in load_builtin(name).covers) == Counter(FAULTS)


def test_no_link_occurs_twice() -> None:
    links = Counter(link for name in scenario_names() for link in load_builtin(name).links)
    assert {link for link, count in links.items() if count > 1} == set()


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_has_a_name_a_title_a_description_and_a_link(name: str) -> None:
    scenario = load_builtin(name)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert scenario.name == name
    assert 3 < len(scenario.title) <= 50
    assert 30 < len(scenario.description) <= 200
    assert re.fullmatch(r"[A-Z].*[^.]\.", scenario.description)
    assert scenario.links


def test_the_scenario_of_the_guide_is_valid() -> None:
    text = (Path(__file__).parents[3] / "docs" / "guides" / "failures.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```toml\n(\[scenario\]|default = )(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    scenario = parse_scenario("".join(block), "failures.md")
    assert (scenario.title, len(scenario.fates), len(scenario.faults), len(scenario.latencies.rules)) == (
        "A bad night",
        3,
        1,
        2,
    )


def test_the_command_lists_all_scenarios() -> None:
    output = CliRunner().invoke(scenarios, catch_exceptions=False).output
    for name in scenario_names():
        assert f"{name}  {load_builtin(name).description}\n" in output
        assert all(f"    {link}\n" in output for link in load_builtin(name).links)


def test_every_scenario_has_a_test_of_its_name() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*_scenarios.py")]
    tests = [name for text in texts for name in re.findall(r"^def test_(\w+)\(scenario_server: ", text, re.MULTILINE)]
    assert sorted(name.replace("_", "-") for name in tests) == list(scenario_names())

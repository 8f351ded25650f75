"""The commands: their output, their exit codes, and their advice after an error or Ctrl-C."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result

import seedmock_client
from seedmock_client import clients, errors
from seedmock_client.cli.exit_codes import EXITS, exit_code
from seedmock_client.cli.generate import assets, generate, upscale

from ...mp4_files import mp4_bytes
from .. import responses
from ..scripted_api import KEY, ORIGIN, ChunkedBody, ScriptedApi

TEXT = ("a boat", "--upstream", "opeai", "--seconds", "4", "--size", "1280x720")

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invoke:
    """Run a command against a scripted API, in an empty folder, without sleeping."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDMOCK_API_KEY", KEY)
    monkeypatch.setenv("SEEDMOCK_BASE_URL", ORIGIN)
    real = clients.Client

    def run(api: Any, command: click.Command, *arguments: str) -> Result:
        def scripted(upstream: str, **options: Any) -> clients.Client:
            return real(upstream, transport=httpx.MockTransport(api), sleep=lambda _: None, **options)

        monkeypatch.setattr(clients, "Client", scripted)
        return CliRunner().invoke(command, arguments)

    return run


def whole_task(movie: bytes, upstream: str = "opeai") -> tuple[Any, ...]:
    return responses.created(upstream), responses.finished(upstream), movie


def test_generate_prints_path_and_summary_to_stdout_and_progress_to_stderr(invoke: Invoke) -> None:
    result = invoke(ScriptedApi(*whole_task(mp4_bytes())), generate, *TEXT, "-o", "clips/boat.mp4")
    assert result.exit_code == 0, result.output
    path, summary = result.stdout.splitlines()
    assert (path, Path(path).read_bytes()) == ("clips/boat.mp4", mp4_bytes())
    assert summary.startswith("1280x720, 4.00 s, with sound, ")
    assert responses.TASK_IDS["opeai"] in summary
    assert "$" in summary
    assert "api.test" in result.stderr
    assert "SUCCESS" in result.stderr


def test_generate_prints_json_on_request(invoke: Invoke) -> None:
    result = invoke(ScriptedApi(*whole_task(mp4_bytes(audio=False))), generate, *TEXT, "--json")
    clip = json.loads(result.stdout)
    assert (clip["path"], clip["task_id"], clip["audio"]) == ("out.mp4", responses.TASK_IDS["opeai"], False)
    assert clip["statuses"] == ["QUEUED", "SUCCESS"]
    assert result.stderr == ""


def test_every_option_is_sent_in_the_order(invoke: Invoke, tmp_path: Path) -> None:
    api = ScriptedApi(
        {"code": 200, "data": {"publicUrl": "https://files.test/f.png"}},
        *whole_task(mp4_bytes(), "apimodels"),
    )
    (tmp_path / "f.png").write_bytes(b"PNG")
    result = invoke(
        api, generate, "p", "--upstream", "apimodels", "--model", "fast", "--resolution", "720p", "--ratio", "9:16",
        "--seconds", "7", "--seed", "5", "--no-audio", "--first-frame", "f.png", "--last-frame", "asset://asset-1",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads(api.requests[1].content) == {
        "model": "seedance2-a/seedance-2.0-fast-a",
        "prompt": "p",
        "resolution": "720p",
        "aspect_ratio": "9:16",
        "duration": 7,
        "seed": 5,
        "generate_audio": False,
        "first_frame_url": "https://files.test/f.png",
        "last_frame_url": "asset://asset-1",
    }


def test_reference_option_is_repeatable(invoke: Invoke) -> None:
    api = ScriptedApi(*whole_task(mp4_bytes()))
    references = ("--reference", "image:https://e.com/i.png", "--reference", "audio:https://e.com/a.mp3")
    assert invoke(api, generate, *TEXT, *references).exit_code == 0
    content = json.loads(api.requests[0].content)["input_reference"]["content"]
    assert [item["role"] for item in content] == ["reference_image", "reference_audio"]


def test_quote_prints_a_price_and_orders_nothing(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEEDMOCK_API_KEY")
    api = ScriptedApi({})
    result = invoke(api, generate, "p", "--upstream", "apimodels", "--seconds", "4", "--quote")
    assert (result.exit_code, result.stdout, api.requests) == (0, "$0.588 (documented)\n", [])
    result = invoke(api, upscale, "https://e.com/v.mp4", "--to", "1080p", "--seconds", "8", "--quote", "--json")
    assert json.loads(result.stdout) == {"usd": "0.360", "basis": "documented"}


def test_upscale_of_a_local_file_is_priced_by_its_length(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "long.mp4").write_bytes(mp4_bytes(seconds=11.5))
    (tmp_path / "notes.mp4").write_text("not a movie")
    price = partial(invoke, ScriptedApi({}), upscale, "--to", "4k", "--quote")
    assert price("long.mp4").stdout == "$1.44 (documented)\n"
    assert price("long.mp4", "--seconds", "7").stdout == "$0.84 (documented)\n"
    assert price("notes.mp4").stdout == price("https://e.com/v.mp4").stdout == "$0.60 (assumed)\n"


def test_task_option_downloads_an_existing_task_without_an_order(invoke: Invoke) -> None:
    api = ScriptedApi(responses.finished("opeai"), mp4_bytes())
    result = invoke(api, generate, "--upstream", "opeai", "--task", responses.TASK_IDS["opeai"], "-o", "a.mp4")
    assert result.exit_code == 0, result.output
    assert api.sent("POST") == []


def test_upscale_orders_and_downloads(invoke: Invoke) -> None:
    api = ScriptedApi(*whole_task(mp4_bytes(1920, 1080), "apimodels"))
    result = invoke(api, upscale, "https://e.com/v.mp4", "--to", "1080p", "-o", "big.mp4")
    assert result.exit_code == 0, result.output
    assert json.loads(api.requests[0].content)["targetResolution"] == "1080p"
    assert "1920x1080" in result.stdout


NOT_FOUND = (404, {"error": {"message": "video not found", "code": "ResourceNotFound"}})


def failing_scripts() -> dict[int, tuple[Any, ...]]:
    created, finished = responses.created("opeai"), responses.finished("opeai")
    moderated = responses.queried(
        "opeai", "FAILURE", error={"code": "OutputVideoSensitiveContentDetected", "message": "m"}
    )
    return {
        2: ((400, {"error": {"code": "InvalidParameter", "message": "no"}}),),
        3: ((401, {"error": {"message": "Invalid token"}}),),
        4: ((403, {"error": {"code": "AccountOverdueError", "message": "pay"}}),),
        5: (created, moderated),
        6: (httpx.Response(429),),
        7: (created, responses.queried("opeai", "FAILURE", fail_reason="boom")),
        8: (created, httpx.Response(429, headers={"retry-after": "9999"})),
        9: (httpx.ConnectError("refused"),),
        10: (httpx.ReadTimeout("late"),),
        11: (created, NOT_FOUND),
        12: (created, finished, (400, {"error": {"code": "video_not_ready", "message": "m"}})),
        13: (created, finished, b"not a video"),
    }


@pytest.mark.parametrize("code", range(2, 14))
def test_each_failure_has_its_exit_code_and_at_most_three_lines(invoke: Invoke, code: int) -> None:
    result = invoke(ScriptedApi(*failing_scripts()[code]), generate, *TEXT)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    lines = result.stderr[result.stderr.index("error: ") :].splitlines()
    assert 1 <= len(lines) <= 3
    assert "Traceback" not in result.stderr
    assert [path.name for path in Path.cwd().iterdir()] == []


@pytest.mark.parametrize("code", [8, 13])
def test_an_error_about_an_open_task_prints_the_command_to_resume_it(invoke: Invoke, code: int) -> None:
    result = invoke(ScriptedApi(*failing_scripts()[code]), generate, *TEXT, "-o", "my boat.mp4")
    command = f"seedmock generate --upstream opeai --task {responses.TASK_IDS['opeai']} -o 'my boat.mp4'"
    assert command in result.stderr


def test_the_resume_command_repeats_the_base_url_of_the_command_line(invoke: Invoke) -> None:
    base_url = ("--base-url", "http://other.test")
    result = invoke(ScriptedApi(*failing_scripts()[8]), generate, *TEXT, *base_url)
    task = responses.TASK_IDS["opeai"]
    assert f"--upstream opeai --base-url http://other.test --task {task} -o out.mp4" in result.stderr


@pytest.mark.parametrize("terminal", [False, True], ids=["plain", "live"])
def test_text_of_an_upstream_cannot_control_the_terminal(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr("seedmock_client.cli.console._is_terminal", lambda: terminal)
    hostile = "[/red]\u001b]0;mine\u0007\u202e\ud800\n"
    failed = responses.queried("opeai", "FAILURE", error={"code": hostile, "message": hostile})
    failed["id"] = hostile
    api = ScriptedApi(
        responses.created("opeai"),
        responses.queried("opeai", hostile, progress=hostile),
        httpx.Response(500, text=hostile[:9]),
        httpx.Response(200, content=json.dumps(failed).encode()),
    )
    result = invoke(api, generate, *TEXT)
    assert (result.exit_code, result.stdout) == (7, "")
    assert "[/red]\\u001b]0;mine\\u0007\\u202e" in result.stderr
    assert not {"\x07", "\u202e", "\ud800"} & set(result.stderr)
    assert "\x1b]" not in result.stderr


@pytest.mark.parametrize("code", range(2, 14))
def test_each_failure_is_one_json_object_on_request(invoke: Invoke, code: int) -> None:
    result = invoke(ScriptedApi(*failing_scripts()[code]), generate, *TEXT, "--json")
    error = json.loads(result.stdout)["error"]
    assert (error["exit_code"], result.exit_code, result.stderr) == (code, code, "")
    assert getattr(seedmock_client, error["type"])


def test_a_violated_rule_names_value_and_allowed_values_and_sends_nothing(invoke: Invoke) -> None:
    api = ScriptedApi({})
    result = invoke(api, generate, "p", "--upstream", "opeai", "--size", "1920x1080", "--model", "fast")
    assert (result.exit_code, api.requests) == (2, [])
    assert "1920x1080" in result.stderr
    assert "480p, 720p" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--upstream", "opeai"),
        ("--upstream", "opeai", "--task", "cgt-1", "--quote"),
        ("p", "--upstream", "opeai", "--reference", "https://e.com/i.png"),
        ("p", "--upstream", "opeai", "--reference", "picture:https://e.com/i.png"),
        ("p", "--upstream", "opeai", "--first-frame", "missing.png"),
        ("p", "--upstream", "opeai", "--size", "1280x720", "--poll-seconds", "0"),
        ("p", "--upstream", "opeai", "--size", "1280x720", "--timeout", "nan"),
        ("p", "--upstream", "opeai", "--size", "1280x720", "--base-url", "nowhere"),
        ("p", "--upstream", "sora"),
        ("p",),
    ],
)
def test_invalid_options_exit_with_2_before_any_request(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    api = ScriptedApi({})
    result = invoke(api, generate, *arguments)
    assert (result.exit_code, api.requests) == (2, []), result.output
    assert "Traceback" not in result.output


def test_upstream_option_is_required(invoke: Invoke) -> None:
    assert "Missing option '--upstream'" in invoke(ScriptedApi({}), generate, "p").stderr


def test_a_missing_file_is_reported_with_its_option(invoke: Invoke) -> None:
    result = invoke(ScriptedApi({}), generate, *TEXT, "--first-frame", "missing.png")
    message, page = result.stderr.splitlines()
    assert message == "error: --first-frame 'missing.png' is neither a URL nor a file"
    assert page.startswith("See: ")


def test_an_interrupted_wait_prints_the_task_and_the_command_to_resume_it(invoke: Invoke) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    result = invoke(ScriptedApi(responses.created("opeai"), interrupted), generate, *TEXT)
    assert result.exit_code == 130
    assert f"interrupted: task {responses.TASK_IDS['opeai']} may still finish" in result.stderr
    assert f"seedmock generate --upstream opeai --task {responses.TASK_IDS['opeai']} -o out.mp4" in result.stderr
    result = invoke(ScriptedApi(interrupted), generate, *TEXT)
    assert result.exit_code == 130
    assert "may be charged" in result.stderr


def test_the_message_after_an_interrupt_cannot_control_the_terminal(invoke: Invoke) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    result = invoke(ScriptedApi({"id": "cgt-1\x1b]0;mine\x07", "status": "queued"}, interrupted), generate, *TEXT)
    assert result.exit_code == 130
    assert r"interrupted: task cgt-1\u001b]0;mine\u0007 may still finish" in result.stderr
    assert "\x1b" not in result.stderr


def test_an_interrupt_before_any_request_has_the_same_exit_code(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("seedmock_client.flows.price", interrupted)
    assert invoke(ScriptedApi({}), generate, *TEXT).exit_code == 130


def test_an_interrupted_download_leaves_no_partial_file(invoke: Invoke) -> None:
    def interrupted() -> Any:
        yield b"half"
        raise KeyboardInterrupt

    stream = ChunkedBody()
    stream.chunks = interrupted()
    result = invoke(
        ScriptedApi(responses.created("opeai"), responses.finished("opeai"), httpx.Response(200, stream=stream)),
        generate,
        *TEXT,
    )
    assert result.exit_code == 130
    assert list(Path.cwd().iterdir()) == []


def test_every_exception_has_an_exit_code_and_help_lists_every_code(invoke: Invoke) -> None:
    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and value.__module__ == errors.__name__
    ]
    assert all(exit_code(class_("x")) > 1 for class_ in classes if class_ is not errors.SeedmockError)
    for command in (generate, upscale, assets):
        help_text = CliRunner().invoke(command, ["--help"]).output
        assert all(f"{code} {meaning}" in help_text for code, meaning, _ in EXITS)


def test_the_key_is_never_printed(invoke: Invoke) -> None:
    for api in (ScriptedApi((401, {"error": {"message": f"bad {KEY}"}})), ScriptedApi(httpx.ReadError(f"x {KEY}"))):
        for output in ((), ("--json",)):
            assert KEY not in invoke(api, generate, *TEXT, *output).output


GROUPS = {"code": 200, "data": [{"id": 1, "group_name": "group-x", "name": "cast"}]}
ASSET = {"code": 200, "data": {"id": "asset-1", "asset_url": "asset://asset-1", "status": "Active", "name": "lead"}}


def test_an_interrupted_wait_prints_the_asset_that_may_be_charged(invoke: Invoke) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    order = ("create", "https://example.com/face.png", "--group", "1")
    result = invoke(ScriptedApi(ASSET, interrupted), assets, *order)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "interrupted: asset://asset-1 may still become active and be charged\n"


def test_text_of_assets_and_groups_cannot_control_the_terminal(invoke: Invoke) -> None:
    page = {"code": 200, "data": {"items": [{"id": "asset-1", "status": "Active\x1b[2J", "name": "a\nb"}]}}
    result = invoke(ScriptedApi(page), assets, "list")
    assert result.stdout == "asset://asset-1  Active\\u001b[2J  a\\nb\n"
    groups = {"code": 200, "data": [{"id": 1, "group_name": "g\x07", "name": "cast"}]}
    assert invoke(ScriptedApi(groups), assets, "groups").stdout == "1  g\\u0007  cast\n"


def test_commands_manage_groups_and_assets(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "face.png").write_bytes(b"PNG")
    assert invoke(ScriptedApi(GROUPS), assets, "groups").stdout == "1  group-x  cast\n"
    upload = {"code": 200, "data": {"publicUrl": "https://files.test/f.png"}}
    api = ScriptedApi(upload, GROUPS, ASSET, ASSET)
    result = invoke(api, assets, "create", "face.png", "--group", "cast", "--name", "lead")
    assert (result.exit_code, result.stdout) == (0, "asset://asset-1  Active  lead\n"), result.output
    assert json.loads(api.requests[2].content)["url"] == "https://files.test/f.png"
    assert invoke(ScriptedApi(ASSET), assets, "get", "asset-1", "--json").stdout.startswith('{"url": "asset://asset-1"')
    page = {"code": 200, "data": {"items": [ASSET["data"]], "total": 1}}
    assert "asset://asset-1" in invoke(ScriptedApi(page), assets, "list", "--group", "1").stdout
    for arguments in (("rename", "asset-1", "hero"), ("delete", "asset-1"), ("delete-group", "1")):
        assert invoke(ScriptedApi({"code": 200, "data": {}}), assets, *arguments).stdout == "done\n"
    result = invoke(ScriptedApi((404, {"code": 404, "msg": "asset not found"})), assets, "get", "asset-2")
    assert (result.exit_code, "asset not found" in result.stderr) == (11, True)


def test_progress_is_a_live_line_on_a_terminal(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedmock_client.cli.console._is_terminal", lambda: True)
    running = responses.queried("opeai", "IN_PROGRESS", progress="40%")
    result = invoke(
        ScriptedApi(responses.created("opeai"), running, responses.finished("opeai"), mp4_bytes()), generate, *TEXT
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("out.mp4\n")
    assert result.stderr.startswith("opeai at http://api.test, about $0.611100 (assumed)\n")

"""The commands: what they print, how they end, and what they leave a person with when something goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result

import seedmock_client
from seedmock_client import clients, errors
from seedmock_client.cli.exit_codes import EXITS, exit_code
from seedmock_client.cli.generate import assets, generate, upscale

if TYPE_CHECKING:
    from .conftest import ChunkedBody, SampleResponses, ScriptedApi

TEXT = ("a boat", "--upstream", "opeai", "--seconds", "4", "--size", "1280x720")

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str, origin: str) -> Invoke:
    """Runs a command on a scripted wire, in an empty folder, without really sleeping."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDMOCK_API_KEY", key)
    monkeypatch.setenv("SEEDMOCK_BASE_URL", origin)
    real = clients.Client

    def run(api: Any, command: click.Command, *arguments: str) -> Result:
        def scripted(upstream: str, **options: Any) -> clients.Client:
            return real(upstream, transport=httpx.MockTransport(api), sleep=lambda _: None, **options)

        monkeypatch.setattr(clients, "Client", scripted)
        return CliRunner().invoke(command, arguments)

    return run


def finished(responses: type[SampleResponses], movie: bytes, upstream: str = "opeai") -> tuple[Any, ...]:
    return responses.created(upstream), responses.finished(upstream), movie


def test_generate_prints_the_path_and_a_summary_and_tells_the_rest_on_stderr(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], make_movie: Callable[..., bytes]
) -> None:
    result = invoke(scripted_api(*finished(responses, make_movie())), generate, *TEXT, "-o", "clips/boat.mp4")
    assert result.exit_code == 0, result.output
    path, summary = result.stdout.splitlines()
    assert (path, Path(path).read_bytes()) == ("clips/boat.mp4", make_movie())
    assert summary.startswith("1280x720, 4.00 s, with sound, ")
    assert responses.task_ids["opeai"] in summary
    assert "$" in summary
    assert "api.test" in result.stderr
    assert "SUCCESS" in result.stderr


def test_generate_can_answer_in_json(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], make_movie: Callable[..., bytes]
) -> None:
    result = invoke(scripted_api(*finished(responses, make_movie(audio=False))), generate, *TEXT, "--json")
    found = json.loads(result.stdout)
    assert (found["path"], found["task_id"], found["audio"]) == ("out.mp4", responses.task_ids["opeai"], False)
    assert found["states_seen"] == ["QUEUED", "SUCCESS"]
    assert result.stderr == ""


def test_every_option_of_an_order_reaches_the_wire(
    invoke: Invoke,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    api = scripted_api(
        {"code": 200, "data": {"publicUrl": "https://files.test/f.png"}},
        *finished(responses, make_movie(), "apimodels"),
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


def test_references_are_repeatable(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], make_movie: Callable[..., bytes]
) -> None:
    api = scripted_api(*finished(responses, make_movie()))
    more = ("--reference", "image:https://e.com/i.png", "--reference", "audio:https://e.com/a.mp3")
    assert invoke(api, generate, *TEXT, *more).exit_code == 0
    content = json.loads(api.requests[0].content)["input_reference"]["content"]
    assert [item["role"] for item in content] == ["reference_image", "reference_audio"]


def test_a_quote_is_a_price_and_no_order(
    invoke: Invoke, scripted_api: type[ScriptedApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEEDMOCK_API_KEY")
    api = scripted_api({})
    result = invoke(api, generate, "p", "--upstream", "apimodels", "--seconds", "4", "--quote")
    assert (result.exit_code, result.stdout, api.requests) == (0, "$0.588 (documented)\n", [])
    result = invoke(api, upscale, "https://e.com/v.mp4", "--to", "1080p", "--seconds", "8", "--quote", "--json")
    assert json.loads(result.stdout) == {"usd": "0.360", "basis": "documented"}


def test_the_price_of_enlarging_a_file_is_that_of_its_length(
    invoke: Invoke, scripted_api: type[ScriptedApi], make_movie: Callable[..., bytes], tmp_path: Path
) -> None:
    (tmp_path / "long.mp4").write_bytes(make_movie(seconds=11.5))
    (tmp_path / "notes.mp4").write_text("no movie")
    price = partial(invoke, scripted_api({}), upscale, "--to", "4k", "--quote")
    assert price("long.mp4").stdout == "$1.44 (documented)\n"
    assert price("long.mp4", "--seconds", "7").stdout == "$0.84 (documented)\n"
    assert price("notes.mp4").stdout == price("https://e.com/v.mp4").stdout == "$0.60 (assumed)\n"


def test_an_existing_task_is_fetched_and_not_ordered_again(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], make_movie: Callable[..., bytes]
) -> None:
    api = scripted_api(responses.finished("opeai"), make_movie())
    result = invoke(api, generate, "--upstream", "opeai", "--task", responses.task_ids["opeai"], "-o", "a.mp4")
    assert result.exit_code == 0, result.output
    assert api.sent("POST") == []


def test_upscale_orders_and_fetches(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], make_movie: Callable[..., bytes]
) -> None:
    api = scripted_api(*finished(responses, make_movie(1920, 1080), "apimodels"))
    result = invoke(api, upscale, "https://e.com/v.mp4", "--to", "1080p", "-o", "big.mp4")
    assert result.exit_code == 0, result.output
    assert json.loads(api.requests[0].content)["targetResolution"] == "1080p"
    assert "1920x1080" in result.stdout


NOT_FOUND = (404, {"error": {"message": "video not found", "code": "ResourceNotFound"}})


def outcomes(responses: type[SampleResponses]) -> dict[int, tuple[Any, ...]]:
    created, done = responses.created("opeai"), responses.finished("opeai")
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
        12: (created, done, (400, {"error": {"code": "video_not_ready", "message": "m"}})),
        13: (created, done, b"no video"),
    }


@pytest.mark.parametrize("code", range(2, 14))
def test_every_way_to_fail_has_its_code_and_at_most_three_lines(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], code: int
) -> None:
    result = invoke(scripted_api(*outcomes(responses)[code]), generate, *TEXT)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    said = result.stderr[result.stderr.index("error: ") :].splitlines()
    assert 1 <= len(said) <= 3
    assert "Traceback" not in result.stderr
    assert [path.name for path in Path.cwd().iterdir()] == []


@pytest.mark.parametrize("code", [8, 13])
def test_a_task_that_may_still_be_fetched_is_left_with_the_command_that_does_it(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], code: int
) -> None:
    result = invoke(scripted_api(*outcomes(responses)[code]), generate, *TEXT, "-o", "my boat.mp4")
    command = f"seedmock generate --upstream opeai --task {responses.task_ids['opeai']} -o 'my boat.mp4'"
    assert command in result.stderr


def test_the_command_that_goes_on_leads_where_the_order_went(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses]
) -> None:
    elsewhere = ("--base-url", "http://other.test")
    result = invoke(scripted_api(*outcomes(responses)[8]), generate, *TEXT, *elsewhere)
    task = responses.task_ids["opeai"]
    assert f"--upstream opeai --base-url http://other.test --task {task} -o out.mp4" in result.stderr


@pytest.mark.parametrize("terminal", [False, True], ids=["plain", "live"])
def test_what_an_upstream_says_steers_no_terminal(
    invoke: Invoke,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
) -> None:
    monkeypatch.setattr("seedmock_client.cli.console._is_terminal", lambda: terminal)
    odd = "[/red]\u001b]0;mine\u0007\u202e\ud800\n"
    failed = responses.queried("opeai", "FAILURE", error={"code": odd, "message": odd})
    failed["id"] = odd
    api = scripted_api(responses.created("opeai"), responses.queried("opeai", odd, progress=odd), httpx.Response(500, text=odd[:9]),
        httpx.Response(200, content=json.dumps(failed).encode()))  # fmt: skip
    result = invoke(api, generate, *TEXT)
    assert (result.exit_code, result.stdout) == (7, "")
    assert "[/red] ]0;mine" in result.stderr
    assert not {"\x07", "\u202e", "\ud800"} & set(result.stderr)
    assert "\x1b]" not in result.stderr


@pytest.mark.parametrize("code", range(2, 14))
def test_every_way_to_fail_is_one_json_object_when_asked(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], code: int
) -> None:
    result = invoke(scripted_api(*outcomes(responses)[code]), generate, *TEXT, "--json")
    found = json.loads(result.stdout)["error"]
    assert (found["exit_code"], result.exit_code, result.stderr) == (code, code, "")
    assert getattr(seedmock_client, found["type"])


def test_a_broken_rule_says_what_was_wrong_what_is_allowed_and_sends_nothing(
    invoke: Invoke, scripted_api: type[ScriptedApi]
) -> None:
    api = scripted_api({})
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
def test_options_that_cannot_be_end_with_2_and_send_nothing(
    invoke: Invoke, scripted_api: type[ScriptedApi], arguments: tuple[str, ...]
) -> None:
    api = scripted_api({})
    result = invoke(api, generate, *arguments)
    assert (result.exit_code, api.requests) == (2, []), result.output
    assert "Traceback" not in result.output


def test_an_upstream_that_was_not_named_is_asked_for(invoke: Invoke, scripted_api: type[ScriptedApi]) -> None:
    assert "Missing option '--upstream'" in invoke(scripted_api({}), generate, "p").stderr


def test_a_file_that_is_not_there_is_said_by_its_option(invoke: Invoke, scripted_api: type[ScriptedApi]) -> None:
    result = invoke(scripted_api({}), generate, *TEXT, "--first-frame", "missing.png")
    assert result.stderr == "error: --first-frame 'missing.png' is neither a URL nor a file\n"


def test_an_interrupted_wait_names_the_task_and_how_to_go_on(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses]
) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    result = invoke(scripted_api(responses.created("opeai"), interrupted), generate, *TEXT)
    assert result.exit_code == 130
    assert f"interrupted: task {responses.task_ids['opeai']} may still finish" in result.stderr
    assert f"seedmock generate --upstream opeai --task {responses.task_ids['opeai']} -o out.mp4" in result.stderr
    result = invoke(scripted_api(interrupted), generate, *TEXT)
    assert result.exit_code == 130
    assert "may be charged" in result.stderr


def test_an_interrupted_wait_names_the_task_without_steering_the_terminal(
    invoke: Invoke, scripted_api: type[ScriptedApi]
) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    result = invoke(scripted_api({"id": "cgt-1\x1b]0;mine\x07", "status": "queued"}, interrupted), generate, *TEXT)
    assert result.exit_code == 130
    assert "interrupted: task cgt-1 ]0;mine may still finish" in result.stderr
    assert "\x1b" not in result.stderr


def test_who_interrupts_before_anything_is_sent_gets_the_same_code(
    invoke: Invoke, scripted_api: type[ScriptedApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("seedmock_client.flows.price", interrupted)
    assert invoke(scripted_api({}), generate, *TEXT).exit_code == 130


def test_an_interrupted_download_leaves_no_half_file(
    invoke: Invoke, scripted_api: type[ScriptedApi], chunked_body: type[ChunkedBody], responses: type[SampleResponses]
) -> None:
    def pieces() -> Any:
        yield b"half"
        raise KeyboardInterrupt

    stream = chunked_body()
    stream.chunks = pieces()
    result = invoke(
        scripted_api(responses.created("opeai"), responses.finished("opeai"), httpx.Response(200, stream=stream)),
        generate,
        *TEXT,
    )
    assert result.exit_code == 130
    assert list(Path.cwd().iterdir()) == []


def test_every_error_has_a_code_and_every_code_is_explained(invoke: Invoke, scripted_api: type[ScriptedApi]) -> None:
    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and value.__module__ == errors.__name__
    ]
    assert all(exit_code(class_("x")) > 1 for class_ in classes if class_ is not errors.SeedmockError)
    for command in (generate, upscale, assets):
        told = CliRunner().invoke(command, ["--help"]).output
        assert all(f"{code} {meaning}" in told for code, meaning, _ in EXITS)


def test_the_key_is_never_printed(
    invoke: Invoke, scripted_api: type[ScriptedApi], responses: type[SampleResponses], key: str
) -> None:
    for api in (scripted_api((401, {"error": {"message": f"bad {key}"}})), scripted_api(httpx.ReadError(f"x {key}"))):
        for more in ((), ("--json",)):
            assert key not in invoke(api, generate, *TEXT, *more).output


GROUPS = {"code": 200, "data": [{"id": 1, "group_name": "group-x", "name": "cast"}]}
ASSET = {"code": 200, "data": {"id": "asset-1", "asset_url": "asset://asset-1", "status": "Active", "name": "lead"}}


def test_an_interrupted_wait_names_the_asset_that_may_be_charged(
    invoke: Invoke, scripted_api: type[ScriptedApi]
) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    order = ("create", "https://example.com/face.png", "--group", "1")
    result = invoke(scripted_api(ASSET, interrupted), assets, *order)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "interrupted: asset://asset-1 may still become active and be charged\n"


def test_what_a_library_says_steers_no_terminal(invoke: Invoke, scripted_api: type[ScriptedApi]) -> None:
    page = {"code": 200, "data": {"items": [{"id": "asset-1", "status": "Active\x1b[2J", "name": "a\nb"}]}}
    result = invoke(scripted_api(page), assets, "list")
    assert result.stdout == "asset://asset-1  Active [2J  a b\n"
    groups = {"code": 200, "data": [{"id": 1, "group_name": "g\x07", "name": "cast"}]}
    assert invoke(scripted_api(groups), assets, "groups").stdout == "1  g  cast\n"


def test_groups_and_assets_are_managed_from_the_command_line(
    invoke: Invoke, scripted_api: type[ScriptedApi], tmp_path: Path
) -> None:
    (tmp_path / "face.png").write_bytes(b"PNG")
    assert invoke(scripted_api(GROUPS), assets, "groups").stdout == "1  group-x  cast\n"
    upload = {"code": 200, "data": {"publicUrl": "https://files.test/f.png"}}
    api = scripted_api(upload, GROUPS, ASSET, ASSET)
    result = invoke(api, assets, "create", "face.png", "--group", "cast", "--name", "lead")
    assert (result.exit_code, result.stdout) == (0, "asset://asset-1  Active  lead\n"), result.output
    assert json.loads(api.requests[2].content)["url"] == "https://files.test/f.png"
    assert invoke(scripted_api(ASSET), assets, "get", "asset-1", "--json").stdout.startswith(
        '{"url": "asset://asset-1"'
    )
    page = {"code": 200, "data": {"items": [ASSET["data"]], "total": 1}}
    assert "asset://asset-1" in invoke(scripted_api(page), assets, "list", "--group", "1").stdout
    for arguments in (("rename", "asset-1", "hero"), ("delete", "asset-1"), ("delete-group", "1")):
        assert invoke(scripted_api({"code": 200, "data": {}}), assets, *arguments).stdout == "done\n"
    result = invoke(scripted_api((404, {"code": 404, "msg": "asset not found"})), assets, "get", "asset-2")
    assert (result.exit_code, "asset not found" in result.stderr) == (11, True)


def test_a_terminal_gets_a_live_line(
    invoke: Invoke,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("seedmock_client.cli.console._is_terminal", lambda: True)
    running = responses.queried("opeai", "IN_PROGRESS", progress="40%")
    result = invoke(
        scripted_api(responses.created("opeai"), running, responses.finished("opeai"), make_movie()), generate, *TEXT
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("out.mp4\n")
    assert result.stderr.startswith("opeai at http://api.test, about $0.611100 (assumed)\n")

"""Content: each check sees an honest answer as such, and each way of lying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import clips, content, links
from seedmock_harness.results.checks import Severity

NOT_READY = {"error": {"message": "not completed yet", "type": "invalid_request_error", "param": "", "code": ""}}
LINK = "https://files.example/t1.mp4"
OTHER = "https://files.example/t2.mp4"
WHOLE = {"content.format": True, "content.codec": True, "content.type": True}
Made = Callable[..., Any]


def refusal(code: str) -> dict[str, Any]:
    return {"error": {"message": "no", "type": "t", "param": "", "code": code}}


class TestSuccessComesFirst:
    check = staticmethod(content.content_is_available_on_success)

    @pytest.mark.parametrize("word", ["QUEUED", "IN_PROGRESS", "FAILURE"])
    def test_an_error_before_success_is_right(self, tale: Made, word: str) -> None:
        told = tale("opeai").order().poll(word).fetch(status=400, body=NOT_READY)
        assert told.sees(self.check) == {"content.unfinished": True}

    def test_content_at_the_very_moment_of_another_status_is_wrong(self, tale: Made) -> None:
        assert tale("opeai").order().poll("IN_PROGRESS").fetch().sees(self.check) == {"content.unfinished": False}

    def test_content_of_a_failed_task_is_wrong(self, tale: Made) -> None:
        told = tale("opeai").order().poll("FAILURE").wait(60).fetch()
        assert told.sees(self.check) == {"content.unfinished": False}

    def test_content_that_came_before_another_status_was_wrong(self, tale: Made) -> None:
        told = tale("opeai").order().wait(1).fetch().wait(1).poll("IN_PROGRESS")
        assert told.sees(self.check) == {"content.unfinished": False}
        assert told.severities(self.check) == {"content.unfinished": Severity.BREAKING}

    def test_content_some_time_after_the_latest_look_may_be_right(self, tale: Made) -> None:
        assert tale("opeai").order().poll("IN_PROGRESS").wait(9).fetch().sees(self.check) == {}
        assert tale("opeai").order().wait(1).fetch().poll("SUCCESS").sees(self.check) == {}

    def test_content_may_be_late_for_a_while(self, tale: Made) -> None:
        assert tale("opeai").done().wait(14).fetch(status=400, body=NOT_READY).sees(self.check) == {
            "content.late": True
        }

    def test_content_may_not_be_late_for_longer(self, tale: Made) -> None:
        told = tale("opeai").done().wait(16).fetch(status=400, body=NOT_READY)
        assert told.sees(self.check) == {"content.late": False}

    def test_content_that_never_comes_settles_how_that_is_said(self, tale: Made) -> None:
        told = tale("opeai").done().wait(61).fetch(status=400, body=NOT_READY)
        assert told.sees(self.check) == {"content.late": False, "no_content": False}
        assert told.severities(self.check)["no_content"] is Severity.INFO
        told = tale("opeai").done().wait(61).fetch(status=502, body={"error": {"message": "m", "type": "server_error"}})
        assert told.sees(self.check) == {"no_content": True}

    def test_content_that_is_gone_soon_after_success_is_wrong(self, tale: Made) -> None:
        told = tale("opeai").done().wait(16).fetch(status=404, body=refusal("ResourceNotFound"))
        assert told.sees(self.check) == {"content.binary": False}
        assert tale("opeai").done().wait(9).fetch(status=404, body=refusal("ResourceNotFound")).sees(self.check) == {}

    @pytest.mark.parametrize("status", [302, 401, 429, 503])
    def test_other_answers_say_nothing_of_it(self, tale: Made, status: int) -> None:
        assert tale("opeai").done().wait(16).fetch(status=status, body="").sees(self.check) == {}


class TestTheClip:
    check = staticmethod(content.content_is_video)

    def test_an_mp4_is_right(self, tale: Made) -> None:
        assert tale("opeai").done().fetch().sees(self.check) == {"content.binary": True, **WHOLE}
        assert tale("apimodels").done().fetch().sees(self.check) == WHOLE

    def test_a_page_or_a_link_is_no_clip(self, tale: Made) -> None:
        for body in ("<html>here</html>", {"url": "https://elsewhere"}):
            told = tale("opeai").done().fetch(media=None, body=body)
            assert told.sees(self.check) == {"content.binary": False, "content.format": False}
            assert tale("apimodels").done().fetch(media=None, body=body).sees(self.check) == {"content.format": False}

    def test_other_bytes_are_no_mp4(self, tale: Made) -> None:
        told = tale("opeai").done().fetch(media=None, body="<99 bytes of video/mp4>")
        assert told.sees(self.check) == {"content.binary": True, "content.format": False}

    def test_another_codec_is_told(self, tale: Made, clip_of: Made) -> None:
        told = tale("opeai").done().fetch(media=clip_of(codec="hvc1"))
        assert told.sees(self.check)["content.codec"] is False
        assert told.severities(self.check) == {"content.codec": Severity.INFO}

    def test_another_type_is_wrong(self, tale: Made) -> None:
        told = tale("opeai").done().fetch(headers={"content-type": "text/html"})
        assert told.sees(self.check)["content.type"] is False

    def test_what_lies_behind_another_link_need_be_no_clip(self, tale: Made) -> None:
        told = tale("apimodels").done().fetch(link=OTHER, media=None, body="<9 bytes of image/png>")
        assert told.sees(self.check) == {}

    def test_what_a_journal_does_not_keep_is_not_judged(self, tale: Made) -> None:
        assert tale("opeai").done().fetch(media=None, body="", headers={}).sees(self.check) == {}


class TestHowItIsSent:
    def test_the_length_is_that_of_the_bytes(self, tale: Made) -> None:
        check = content.content_length_matches_the_body
        assert tale("opeai").done().fetch().sees(check) == {"content.length": True}
        told = tale("opeai").done().fetch(headers={"content-length": "1010"})
        assert told.sees(check) == {"content.length": False}
        assert tale("opeai").done().fetch(headers={"content-encoding": "gzip", "content-length": "9"}).sees(check) == {}

    def test_a_second_look_finds_the_same(self, tale: Made, clip_of: Made) -> None:
        check = content.content_is_stable
        assert tale("opeai").done().fetch().sees(check) == {}
        assert tale("opeai").done().fetch().fetch().sees(check) == {"content.same": True}
        told = tale("apimodels").done().fetch().fetch(media=clip_of(digest="d2"))
        assert told.sees(check) == {"content.same": False}

    @pytest.mark.parametrize(
        ("told", "seen"),
        [
            ("public, max-age=86400", {"content.cached": True, "content.max_age": True}),
            ("public, max-age=60", {"content.cached": True, "content.max_age": False}),
            ("no-store", {"content.cached": False}),
            ("max-age=0", {"content.cached": False}),
        ],
    )
    def test_content_may_be_cached_for_a_day(self, tale: Made, told: str, seen: dict[str, bool]) -> None:
        fetched = tale("opeai").done().fetch(headers={"cache-control": told})
        assert fetched.sees(content.content_is_cacheable) == seen


class TestWhatWasOrdered:
    pixels = staticmethod(clips.clip_resolution_matches_the_order)
    length = staticmethod(clips.clip_duration_matches_the_order)
    sound = staticmethod(clips.clip_audio_matches_the_order)

    def test_the_pixels_are_the_row_s(self, tale: Made, clip_of: Made) -> None:
        assert tale("opeai").done().fetch().sees(self.pixels) == {"size.720p.16:9": True}
        told = tale("opeai").done().fetch(media=clip_of(640, 360))
        assert told.sees(self.pixels) == {"size.720p.16:9": False}

    def test_resolution_and_ratio_are_the_row_too(self, tale: Made, clip_of: Made) -> None:
        for height, right in ((960, True), (720, False)):
            told = tale("opeai").done(size=None, resolution="720p", ratio="1:1").fetch(media=clip_of(960, height))
            assert told.sees(self.pixels) == {"size.720p.1:1": right, "size.equivalent": right}

    def test_what_is_adaptive_and_has_no_picture_is_wide(self, tale: Made, clip_of: Made) -> None:
        for width, right in ((1280, True), (720, False)):
            told = tale("apimodels").done().fetch(media=clip_of(width, 720))
            assert told.sees(self.pixels) == {"adaptive.none": right, "create.aspect_ratio.default": right}

    def test_without_a_resolution_it_is_the_default(self, tale: Made, clip_of: Made) -> None:
        told = tale("apimodels").done(resolution=None, aspect_ratio="1:1").fetch(media=clip_of(960, 960))
        assert told.sees(self.pixels) == {"size.720p.1:1": True, "create.resolution.default": True}
        told = tale("apimodels").done(resolution=None, aspect_ratio="1:1").fetch(media=clip_of(1440, 1440))
        assert told.sees(self.pixels) == {"size.720p.1:1": False, "create.resolution.default": False}

    def test_what_is_adaptive_takes_the_form_of_a_known_picture(self, tale: Made, clip_of: Made) -> None:
        for width, right in ((720, True), (1280, False)):
            told = tale("apimodels").done(aspect_ratio="9:16").fetch(media=clip_of(720, 1280))
            told.done("t2", link=OTHER, reference_video_urls=[LINK], aspect_ratio="adaptive")
            told.fetch("t2", link=OTHER, media=clip_of(width, 2000 - width))
            assert told.sees(self.pixels) == {"adaptive": right}

    def test_what_is_adaptive_takes_some_form_of_the_table(self, tale: Made, clip_of: Made) -> None:
        for size, right in (((834, 1112), True), ((800, 800), False)):
            told = tale("apimodels").done(first_frame_url="https://example.com/a.png", aspect_ratio="adaptive")
            assert told.fetch(media=clip_of(*size)).sees(self.pixels) == {"adaptive": right}

    def test_the_length_is_as_ordered(self, tale: Made, clip_of: Made) -> None:
        usual = {"content.frames_per_second": True, "create.seconds": True, "seconds.text": True, "frames": True}
        assert tale("opeai").done().fetch().sees(self.length) == usual
        told = tale("opeai").done().fetch(media=clip_of(seconds=5.0))
        assert told.sees(self.length) == {
            "content.frames_per_second": True, "create.seconds": False, "seconds.text": False,
        }  # fmt: skip
        assert tale("opeai").done(seconds=4).fetch().sees(self.length)["seconds.number"] is True
        told = tale("apimodels").done(duration="4").fetch(media=clip_of(seconds=8.0))
        assert told.sees(self.length)["create.duration.text"] is False
        for seconds, right in ((5.0, True), (4.0, False)):
            told = tale("apimodels").done(duration=None).fetch(media=clip_of(seconds=seconds))
            assert told.sees(self.length)["create.duration.default"] is right

    def test_a_frame_more_is_settled(self, tale: Made, clip_of: Made) -> None:
        billed = clip_of(seconds=97 / 24, frames=97)
        told = tale("opeai").done().fetch(media=billed)
        assert told.severities(self.length) == {"frames": Severity.INFO}
        assert tale("opeai", {"opeai.frames": "billed"}).done().fetch(media=billed).sees(self.length)["frames"] is True
        assert tale("opeai", {"opeai.frames": "billed"}).done().fetch().sees(self.length)["frames"] is False

    def test_another_frame_rate_is_wrong(self, tale: Made, clip_of: Made) -> None:
        told = tale("opeai").done().fetch(media=clip_of(frames=120))
        seen = told.sees(self.length)
        assert (seen["content.frames_per_second"], seen["frames"]) == (False, False)

    @pytest.mark.parametrize(
        ("ordered", "fact"), [(None, "create.generate_audio.default"), (False, "create.generate_audio")]
    )
    def test_there_is_sound_as_ordered(self, tale: Made, clip_of: Made, ordered: bool | None, fact: str) -> None:
        for has, right in ((True, ordered is None), (False, ordered is False)):
            told = tale("opeai").done(generate_audio=ordered).fetch(media=clip_of(has_audio=has))
            assert told.sees(self.sound) == {fact: right}
        assert tale("apimodels").done().fetch().sees(self.sound) == {"create.generate_audio": True}

    def test_an_enlarged_clip_has_the_target_s_side_and_the_input_s_form(self, tale: Made, clip_of: Made) -> None:
        for size, side, form in (((1080, 1920), True, True), ((1280, 720), False, False), ((1920, 1080), True, False)):
            told = tale("apimodels").done(aspect_ratio="9:16").fetch(media=clip_of(720, 1280))
            told.done("t2", link=OTHER, operation=Operation.UPSCALE, videoUrl=LINK)
            told.fetch("t2", link=OTHER, media=clip_of(*size))
            assert told.sees(self.pixels) == {"upscale.side.1080p": side, "upscale.size": form}

    def test_an_input_that_nobody_has_seen_may_have_any_form(self, tale: Made, clip_of: Made) -> None:
        told = tale("apimodels").done(operation=Operation.UPSCALE).fetch(media=clip_of(1080, 1080))
        assert told.sees(self.pixels) == {"upscale.side.1080p": True}
        assert told.sees(self.sound) == {}


class TestLinks:
    def test_each_task_has_its_own(self, tale: Made) -> None:
        check = links.links_are_unique_per_task
        assert tale("apimodels").done().sees(check) == {}
        assert tale("apimodels").done().done("t2", link=OTHER).sees(check) == {"content.own": True}
        assert tale("apimodels").done().done("t2").sees(check) == {"content.own": False}

    def test_none_needs_a_key(self, tale: Made) -> None:
        check = links.links_require_no_key
        assert tale("apimodels").done().fetch().sees(check) == {"content.keyless": True}
        told = tale("apimodels").done().fetch(status=401, body={"code": 401, "msg": "no key"})
        assert told.sees(check) == {"content.keyless": False}
        assert tale("apimodels").done().fetch(caller="first").sees(check) == {}

    @pytest.mark.parametrize(
        ("days", "status", "seen"),
        [
            (0.5, 200, {"result.days": True}),
            (6.9, 404, {"result.days": False}),
            (7.1, 404, {"result.days": True, "expired_link": True, "error.link_expired": True}),
            (7.1, 410, {"result.days": True, "expired_link": False, "error.link_expired.410": True}),
            (7.1, 200, {"result.days": False}),
            (0.0001, 404, {}),
            (7.1, 500, {}),
        ],
    )
    def test_each_lives_seven_days(self, tale: Made, days: float, status: int, seen: dict[str, bool]) -> None:
        body = {"code": status, "msg": "gone"}
        told = tale("apimodels").done().wait(days * 86400)
        told.fetch() if status == 200 else told.fetch(status=status, body=body)
        assert told.sees(links.links_expire_on_time) == seen
        if seen.get("expired_link") is False:
            assert told.severities(links.links_expire_on_time) == {"expired_link": Severity.INFO}

    def test_posted_files_are_published_for_seven_days(self, tale: Made) -> None:
        check, link = links.uploaded_files_expire_on_time, "https://files.example/a.png"
        told = tale("apimodels").tell(Operation.FILE_CREATE, {"publicUrl": link})
        assert told.sees(check) == {"files": True}
        assert tale("apimodels").tell(Operation.FILE_CREATE, {"url": link}).sees(check) == {"files": False}
        png = {"url": link, "media": None, "body": "<9 bytes of image/png>"}
        assert told.wait(86400).fetch(**png).sees(check) == {"files.days": True}
        assert told.fetch(**{**png, "status": 404, "body": {"code": 404}}).sees(check) == {"files.days": False}
        assert told.wait(7 * 86400).fetch(**png).sees(check) == {"files.days": False}
        assert told.fetch(**{**png, "status": 404, "body": {"code": 404}}).sees(check) == {"files.days": True}

"""Checks of downloads and links against documented and deviating responses."""

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
Factory = Callable[..., Any]


def refusal(code: str) -> dict[str, Any]:
    return {"error": {"message": "no", "type": "t", "param": "", "code": code}}


class TestAvailability:
    check = staticmethod(content.content_is_available_on_success)

    @pytest.mark.parametrize("spelling", ["QUEUED", "IN_PROGRESS", "FAILURE"])
    def test_error_before_success_passes(self, new_history: Factory, spelling: str) -> None:
        history = new_history("opeai").order().poll(spelling).fetch(status=400, body=NOT_READY)
        assert history.outcomes(self.check) == {"content.unfinished": True}

    def test_content_while_in_progress_fails(self, new_history: Factory) -> None:
        assert new_history("opeai").order().poll("IN_PROGRESS").fetch().outcomes(self.check) == {
            "content.unfinished": False
        }

    def test_content_of_a_failed_task_fails(self, new_history: Factory) -> None:
        history = new_history("opeai").order().poll("FAILURE").wait(60).fetch()
        assert history.outcomes(self.check) == {"content.unfinished": False}

    def test_content_before_a_later_unfinished_status_fails(self, new_history: Factory) -> None:
        history = new_history("opeai").order().wait(1).fetch().wait(1).poll("IN_PROGRESS")
        assert history.outcomes(self.check) == {"content.unfinished": False}
        assert history.severities(self.check) == {"content.unfinished": Severity.BREAKING}

    def test_content_some_time_after_the_latest_query_is_not_checked(self, new_history: Factory) -> None:
        assert new_history("opeai").order().poll("IN_PROGRESS").wait(9).fetch().outcomes(self.check) == {}
        assert new_history("opeai").order().wait(1).fetch().poll("SUCCESS").outcomes(self.check) == {}

    def test_content_may_be_late_for_fifteen_seconds(self, new_history: Factory) -> None:
        assert new_history("opeai").complete().wait(14).fetch(status=400, body=NOT_READY).outcomes(self.check) == {
            "content.late": True
        }

    def test_content_later_than_fifteen_seconds_fails(self, new_history: Factory) -> None:
        history = new_history("opeai").complete().wait(16).fetch(status=400, body=NOT_READY)
        assert history.outcomes(self.check) == {"content.late": False}

    def test_missing_content_settles_its_error_variant(self, new_history: Factory) -> None:
        history = new_history("opeai").complete().wait(61).fetch(status=400, body=NOT_READY)
        assert history.outcomes(self.check) == {"content.late": False, "no_content": False}
        assert history.severities(self.check)["no_content"] is Severity.INFO
        history = (
            new_history("opeai")
            .complete()
            .wait(61)
            .fetch(status=502, body={"error": {"message": "m", "type": "server_error"}})
        )
        assert history.outcomes(self.check) == {"no_content": True}

    def test_content_not_found_soon_after_success_fails(self, new_history: Factory) -> None:
        history = new_history("opeai").complete().wait(16).fetch(status=404, body=refusal("ResourceNotFound"))
        assert history.outcomes(self.check) == {"content.binary": False}
        assert (
            new_history("opeai")
            .complete()
            .wait(9)
            .fetch(status=404, body=refusal("ResourceNotFound"))
            .outcomes(self.check)
            == {}
        )

    @pytest.mark.parametrize("status", [302, 401, 429, 503])
    def test_unrelated_responses_are_not_checked(self, new_history: Factory, status: int) -> None:
        assert new_history("opeai").complete().wait(16).fetch(status=status, body="").outcomes(self.check) == {}


class TestFormat:
    check = staticmethod(content.content_is_video)

    def test_mp4_passes(self, new_history: Factory) -> None:
        assert new_history("opeai").complete().fetch().outcomes(self.check) == {"content.binary": True, **WHOLE}
        assert new_history("apimodels").complete().fetch().outcomes(self.check) == WHOLE

    def test_page_or_link_is_not_a_clip(self, new_history: Factory) -> None:
        for body in ("<html>here</html>", {"url": "https://elsewhere"}):
            history = new_history("opeai").complete().fetch(media=None, body=body)
            assert history.outcomes(self.check) == {"content.binary": False, "content.format": False}
            assert new_history("apimodels").complete().fetch(media=None, body=body).outcomes(self.check) == {
                "content.format": False
            }

    def test_other_bytes_are_not_an_mp4(self, new_history: Factory) -> None:
        history = new_history("opeai").complete().fetch(media=None, body="<99 bytes of video/mp4>")
        assert history.outcomes(self.check) == {"content.binary": True, "content.format": False}

    def test_other_codec_is_information(self, new_history: Factory, make_clip: Factory) -> None:
        history = new_history("opeai").complete().fetch(media=make_clip(codec="hvc1"))
        assert history.outcomes(self.check)["content.codec"] is False
        assert history.severities(self.check) == {"content.codec": Severity.INFO}

    def test_other_content_type_fails(self, new_history: Factory) -> None:
        history = new_history("opeai").complete().fetch(headers={"content-type": "text/html"})
        assert history.outcomes(self.check)["content.type"] is False

    def test_content_of_an_unknown_link_is_not_checked(self, new_history: Factory) -> None:
        history = new_history("apimodels").complete().fetch(link=OTHER, media=None, body="<9 bytes of image/png>")
        assert history.outcomes(self.check) == {}

    def test_content_without_recorded_body_is_not_checked(self, new_history: Factory) -> None:
        assert new_history("opeai").complete().fetch(media=None, body="", headers={}).outcomes(self.check) == {}


class TestDelivery:
    def test_content_length_matches_the_body(self, new_history: Factory) -> None:
        check = content.content_length_matches_the_body
        assert new_history("opeai").complete().fetch().outcomes(check) == {"content.length": True}
        history = new_history("opeai").complete().fetch(headers={"content-length": "1010"})
        assert history.outcomes(check) == {"content.length": False}
        assert (
            new_history("opeai")
            .complete()
            .fetch(headers={"content-encoding": "gzip", "content-length": "9"})
            .outcomes(check)
            == {}
        )

    def test_content_is_stable_between_downloads(self, new_history: Factory, make_clip: Factory) -> None:
        check = content.content_is_stable
        assert new_history("opeai").complete().fetch().outcomes(check) == {}
        assert new_history("opeai").complete().fetch().fetch().outcomes(check) == {"content.same": True}
        history = new_history("apimodels").complete().fetch().fetch(media=make_clip(digest="d2"))
        assert history.outcomes(check) == {"content.same": False}

    @pytest.mark.parametrize(
        ("cache_control", "expected"),
        [
            ("public, max-age=86400", {"content.cached": True, "content.max_age": True}),
            ("public, max-age=60", {"content.cached": True, "content.max_age": False}),
            ("no-store", {"content.cached": False}),
            ("max-age=0", {"content.cached": False}),
        ],
    )
    def test_content_is_cacheable_for_a_day(
        self, new_history: Factory, cache_control: str, expected: dict[str, bool]
    ) -> None:
        history = new_history("opeai").complete().fetch(headers={"cache-control": cache_control})
        assert history.outcomes(content.content_is_cacheable) == expected


class TestClipMatchesOrder:
    pixels = staticmethod(clips.clip_resolution_matches_the_order)
    length = staticmethod(clips.clip_duration_matches_the_order)
    sound = staticmethod(clips.clip_audio_matches_the_order)

    def test_resolution_is_that_of_the_ordered_size(self, new_history: Factory, make_clip: Factory) -> None:
        assert new_history("opeai").complete().fetch().outcomes(self.pixels) == {"size.720p.16:9": True}
        history = new_history("opeai").complete().fetch(media=make_clip(640, 360))
        assert history.outcomes(self.pixels) == {"size.720p.16:9": False}

    def test_resolution_and_ratio_select_a_size(self, new_history: Factory, make_clip: Factory) -> None:
        for height, passes in ((960, True), (720, False)):
            history = (
                new_history("opeai")
                .complete(size=None, resolution="720p", ratio="1:1")
                .fetch(media=make_clip(960, height))
            )
            assert history.outcomes(self.pixels) == {"size.720p.1:1": passes, "size.equivalent": passes}

    def test_adaptive_ratio_without_an_image_is_wide(self, new_history: Factory, make_clip: Factory) -> None:
        for width, passes in ((1280, True), (720, False)):
            history = new_history("apimodels").complete().fetch(media=make_clip(width, 720))
            assert history.outcomes(self.pixels) == {"adaptive.none": passes, "create.aspect_ratio.default": passes}

    def test_missing_resolution_is_the_default(self, new_history: Factory, make_clip: Factory) -> None:
        history = (
            new_history("apimodels").complete(resolution=None, aspect_ratio="1:1").fetch(media=make_clip(960, 960))
        )
        assert history.outcomes(self.pixels) == {"size.720p.1:1": True, "create.resolution.default": True}
        history = (
            new_history("apimodels").complete(resolution=None, aspect_ratio="1:1").fetch(media=make_clip(1440, 1440))
        )
        assert history.outcomes(self.pixels) == {"size.720p.1:1": False, "create.resolution.default": False}

    def test_adaptive_ratio_follows_a_known_reference(self, new_history: Factory, make_clip: Factory) -> None:
        for width, passes in ((720, True), (1280, False)):
            history = new_history("apimodels").complete(aspect_ratio="9:16").fetch(media=make_clip(720, 1280))
            history.complete("t2", link=OTHER, reference_video_urls=[LINK], aspect_ratio="adaptive")
            history.fetch("t2", link=OTHER, media=make_clip(width, 2000 - width))
            assert history.outcomes(self.pixels) == {"adaptive": passes}

    def test_adaptive_ratio_is_one_of_the_documented_sizes(self, new_history: Factory, make_clip: Factory) -> None:
        for size, passes in (((834, 1112), True), ((800, 800), False)):
            history = new_history("apimodels").complete(
                first_frame_url="https://example.com/a.png", aspect_ratio="adaptive"
            )
            assert history.fetch(media=make_clip(*size)).outcomes(self.pixels) == {"adaptive": passes}

    def test_duration_is_as_ordered(self, new_history: Factory, make_clip: Factory) -> None:
        expected = {"content.frames_per_second": True, "create.seconds": True, "seconds.text": True, "frames": True}
        assert new_history("opeai").complete().fetch().outcomes(self.length) == expected
        history = new_history("opeai").complete().fetch(media=make_clip(seconds=5.0))
        assert history.outcomes(self.length) == {
            "content.frames_per_second": True, "create.seconds": False, "seconds.text": False,
        }  # fmt: skip
        assert new_history("opeai").complete(seconds=4).fetch().outcomes(self.length)["seconds.number"] is True
        history = new_history("apimodels").complete(duration="4").fetch(media=make_clip(seconds=8.0))
        assert history.outcomes(self.length)["create.duration.text"] is False
        for seconds, passes in ((5.0, True), (4.0, False)):
            history = new_history("apimodels").complete(duration=None).fetch(media=make_clip(seconds=seconds))
            assert history.outcomes(self.length)["create.duration.default"] is passes

    def test_extra_frame_settles_the_variant(self, new_history: Factory, make_clip: Factory) -> None:
        billed = make_clip(seconds=97 / 24, frames=97)
        history = new_history("opeai").complete().fetch(media=billed)
        assert history.severities(self.length) == {"frames": Severity.INFO}
        assert (
            new_history("opeai", {"opeai.frames": "billed"})
            .complete()
            .fetch(media=billed)
            .outcomes(self.length)["frames"]
            is True
        )
        assert (
            new_history("opeai", {"opeai.frames": "billed"}).complete().fetch().outcomes(self.length)["frames"] is False
        )

    def test_other_frame_rate_fails(self, new_history: Factory, make_clip: Factory) -> None:
        history = new_history("opeai").complete().fetch(media=make_clip(frames=120))
        outcomes = history.outcomes(self.length)
        assert (outcomes["content.frames_per_second"], outcomes["frames"]) == (False, False)

    @pytest.mark.parametrize(
        ("generate_audio", "fact"), [(None, "create.generate_audio.default"), (False, "create.generate_audio")]
    )
    def test_audio_is_as_ordered(
        self, new_history: Factory, make_clip: Factory, generate_audio: bool | None, fact: str
    ) -> None:
        for has_audio, passes in ((True, generate_audio is None), (False, generate_audio is False)):
            history = (
                new_history("opeai").complete(generate_audio=generate_audio).fetch(media=make_clip(has_audio=has_audio))
            )
            assert history.outcomes(self.sound) == {fact: passes}
        assert new_history("apimodels").complete().fetch().outcomes(self.sound) == {"create.generate_audio": True}

    def test_upscaled_clip_has_target_side_and_input_ratio(self, new_history: Factory, make_clip: Factory) -> None:
        for size, side, keeps_ratio in (
            ((1080, 1920), True, True),
            ((1280, 720), False, False),
            ((1920, 1080), True, False),
        ):
            history = new_history("apimodels").complete(aspect_ratio="9:16").fetch(media=make_clip(720, 1280))
            history.complete("t2", link=OTHER, operation=Operation.UPSCALE, videoUrl=LINK)
            history.fetch("t2", link=OTHER, media=make_clip(*size))
            assert history.outcomes(self.pixels) == {"upscale.side.1080p": side, "upscale.size": keeps_ratio}

    def test_ratio_of_an_unknown_input_is_not_checked(self, new_history: Factory, make_clip: Factory) -> None:
        history = new_history("apimodels").complete(operation=Operation.UPSCALE).fetch(media=make_clip(1080, 1080))
        assert history.outcomes(self.pixels) == {"upscale.side.1080p": True}
        assert history.outcomes(self.sound) == {}


class TestLinks:
    def test_each_task_has_its_own_link(self, new_history: Factory) -> None:
        check = links.links_are_unique_per_task
        assert new_history("apimodels").complete().outcomes(check) == {}
        assert new_history("apimodels").complete().complete("t2", link=OTHER).outcomes(check) == {"content.own": True}
        assert new_history("apimodels").complete().complete("t2").outcomes(check) == {"content.own": False}

    def test_links_require_no_key(self, new_history: Factory) -> None:
        check = links.links_require_no_key
        assert new_history("apimodels").complete().fetch().outcomes(check) == {"content.keyless": True}
        history = new_history("apimodels").complete().fetch(status=401, body={"code": 401, "msg": "no key"})
        assert history.outcomes(check) == {"content.keyless": False}
        assert new_history("apimodels").complete().fetch(caller="first").outcomes(check) == {}

    @pytest.mark.parametrize(
        ("days", "status", "expected"),
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
    def test_links_expire_after_seven_days(
        self, new_history: Factory, days: float, status: int, expected: dict[str, bool]
    ) -> None:
        body = {"code": status, "msg": "gone"}
        history = new_history("apimodels").complete().wait(days * 86400)
        history.fetch() if status == 200 else history.fetch(status=status, body=body)
        assert history.outcomes(links.links_expire_on_time) == expected
        if expected.get("expired_link") is False:
            assert history.severities(links.links_expire_on_time) == {"expired_link": Severity.INFO}

    def test_uploaded_files_expire_after_seven_days(self, new_history: Factory) -> None:
        check, link = links.uploaded_files_expire_on_time, "https://files.example/a.png"
        history = new_history("apimodels").respond_enveloped(Operation.FILE_CREATE, {"publicUrl": link})
        assert history.outcomes(check) == {"files": True}
        assert new_history("apimodels").respond_enveloped(Operation.FILE_CREATE, {"url": link}).outcomes(check) == {
            "files": False
        }
        png = {"url": link, "media": None, "body": "<9 bytes of image/png>"}
        assert history.wait(86400).fetch(**png).outcomes(check) == {"files.days": True}
        assert history.fetch(**{**png, "status": 404, "body": {"code": 404}}).outcomes(check) == {"files.days": False}
        assert history.wait(7 * 86400).fetch(**png).outcomes(check) == {"files.days": False}
        assert history.fetch(**{**png, "status": 404, "body": {"code": 404}}).outcomes(check) == {"files.days": True}


class TestLostClips:
    check = staticmethod(content.clips_can_be_downloaded)

    @pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
    @pytest.mark.parametrize("status", [302, 401, 403, 404, 410, 500, 502])
    def test_second_failed_download_is_breaking(self, new_history: Factory, upstream: str, status: int) -> None:
        fact = "content.binary" if upstream == "opeai" else "content.format"
        history = new_history(upstream).complete().fetch(status=status, body="", media=None)
        assert history.outcomes(self.check) == {}
        history.wait(16).fetch(status=status, body="", media=None)
        assert history.outcomes(self.check) == {fact: False}
        assert history.severities(self.check) == {fact: Severity.BREAKING}

    def test_later_success_passes(self, new_history: Factory) -> None:
        history = new_history("apimodels").complete().fetch(status=404, body="", media=None).wait(16).fetch()
        assert history.outcomes(self.check) == {"content.format": True}

    @pytest.mark.parametrize("more_days", [0, 2])
    def test_expired_link_is_not_lost(self, new_history: Factory, more_days: int) -> None:
        history = new_history("apimodels").complete()
        days = float(history.contract.result_days.value) + more_days
        history.wait(days * 86400).fetch(status=404, body="", media=None)
        assert history.wait(16).fetch(status=404, body="", media=None).outcomes(self.check) == {}

    def test_rate_limits_and_parts_say_nothing(self, new_history: Factory) -> None:
        history = new_history("opeai").complete().fetch(status=429, body="", media=None)
        assert history.wait(16).fetch(status=429, body="", media=None).outcomes(self.check) == {}
        part = {"range": "bytes=999999-"}
        history.wait(16).fetch(status=416, body="", media=None, request_headers=part)
        assert history.outcomes(self.check) == {}

    def test_part_without_a_range_is_breaking(self, new_history: Factory) -> None:
        history = new_history("opeai").complete().fetch(status=206, body="<9 bytes of video/mp4>")
        assert history.severities(self.check) == {"content.binary": Severity.BREAKING}
        ranged = {"range": "bytes=0-8"}
        history.fetch(status=206, body="<9 bytes of video/mp4>", request_headers=ranged)
        assert history.outcomes(self.check) == {}

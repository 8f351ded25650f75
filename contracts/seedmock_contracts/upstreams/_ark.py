"""Facts of ByteDance Ark, the service behind the upstreams: sizes, bill, limits of media, error and failure codes.

Each upstream builds its own facts from these tables, under its own ids and with the evidence that holds for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from ..enums import ErrorKind, MediaKind
from ..facts import (
    Amount,
    Behaviour,
    Evidence,
    FailCode,
    MediaFormats,
    MediaLimit,
    Size,
    TokenBill,
    Variants,
    assumed,
    observed,
)

# The pages say MB; that it has 1024 x 1024 bytes is assumed (fact opeai.limit.megabyte).
MEBIBYTE = 1024 * 1024
Bounds = tuple[float | None, float | None]
"""Lowest and highest value."""
# Ark renders at 24 and has no parameter for it.
FRAMES_PER_SECOND = 24
# Ark also takes -1, by which the model chooses; neither vendor's page mentions that.
SECONDS = (4, 15)
# Volcengine's page; that of BytePlus ends at 2**31 - 1, and both list seeds for the 1.x models alone.
SEEDS = (-1, 2**32 - 1)
PROMPT_LENGTH = (500, 1000)
"""Advised maximum of Chinese characters, and of English words."""

# One frame more than the clip has: equals the bills of live tasks exactly.
# Ark's own formula leaves it out: 50 220 tokens for 5 s of 864x496, where a live bill has 50 638.
TOKEN_BILL = TokenBill(frames_per_second=FRAMES_PER_SECOND, extra_frames=1, pixels_per_token=1024)

LATENCY_P50, LATENCY_P90 = 142, 486
"""Seconds, measured by one vendor over a week of all customers' tasks."""

# Ark's table of the models 1.5 and 2.0, to which opeai's guide is equal; 1.0 had other sizes, such as 864x480.
# Five of the sides are no multiples of 16, the macroblock of H.264.
PIXELS: Mapping[tuple[str, str], tuple[int, int]] = {
    ("480p", "16:9"): (864, 496),
    ("480p", "4:3"): (752, 560),
    ("480p", "1:1"): (640, 640),
    ("480p", "3:4"): (560, 752),
    ("480p", "9:16"): (496, 864),
    ("480p", "21:9"): (992, 432),
    ("720p", "16:9"): (1280, 720),
    ("720p", "4:3"): (1112, 834),
    ("720p", "1:1"): (960, 960),
    ("720p", "3:4"): (834, 1112),
    ("720p", "9:16"): (720, 1280),
    ("720p", "21:9"): (1470, 630),
    ("1080p", "16:9"): (1920, 1080),
    ("1080p", "4:3"): (1664, 1248),
    ("1080p", "1:1"): (1440, 1440),
    ("1080p", "3:4"): (1248, 1664),
    ("1080p", "9:16"): (1080, 1920),
    ("1080p", "21:9"): (2206, 946),
}
"""Width and height for each resolution and ratio."""


def sizes(upstream: str, evidence: Evidence, resolutions: Iterable[str], ratios: Iterable[str]) -> tuple[Size, ...]:
    """Size table of an upstream, in the order of its resolutions and ratios."""
    names = tuple(ratios)
    return tuple(
        Size(f"{upstream}.size.{resolution}.{ratio}", evidence, resolution, ratio, *PIXELS[resolution, ratio])
        for resolution in resolutions
        for ratio in names
    )


MEDIA_LIMITS: tuple[tuple[str, MediaKind, str, float | None, float | None], ...] = (
    ("image.size", MediaKind.IMAGE, "size_bytes", None, 30 * MEBIBYTE),
    ("image.side", MediaKind.IMAGE, "side", 300, 6000),
    ("image.ratio", MediaKind.IMAGE, "ratio", 0.4, 2.5),
    ("video.size", MediaKind.VIDEO, "size_bytes", None, 200 * MEBIBYTE),
    # 8 295 044 is 3326x2494, the largest picture that Ark renders: 4k at 4:3.
    ("video.pixels", MediaKind.VIDEO, "pixels", 407_696, 8_295_044),
    ("video.fps", MediaKind.VIDEO, "fps", 24, 60),
    ("video.seconds", MediaKind.VIDEO, "seconds", 2, 15),
    ("video.total", MediaKind.VIDEO, "total_seconds", None, 15),
    ("audio.size", MediaKind.AUDIO, "size_bytes", None, 15 * MEBIBYTE),
    ("audio.seconds", MediaKind.AUDIO, "seconds", 2, 15),
    ("audio.total", MediaKind.AUDIO, "total_seconds", None, 15),
)
"""Name, kind, quantity, lowest and highest value."""

CURRENT, OLDER, OFF = "current", "older", "off"
OLDER_BOUNDS: Mapping[str, Bounds] = {
    "video.size": (None, 50 * MEBIBYTE),
    # 640x640 and 2206x946, the smallest and the largest picture that Ark rendered before there was 4k.
    "video.pixels": (409_600, 2_086_876),
}
"""Bounds of the service's page of early 2026, where those of the present page are wider."""
SWITCHABLE = frozenset({"image.side", "image.ratio", "video.pixels", "video.fps"})
"""Limits that only the service behind states: a gateway may not enforce them, or scale what it takes."""

# Ark's page names H.264 and H.265, with AAC or MP3.
FORMATS: tuple[tuple[str, MediaKind, tuple[str, ...]], ...] = (
    ("format", MediaKind.IMAGE, ("jpeg", "png", "webp", "bmp", "tiff", "gif", "heic", "heif")),
    ("format", MediaKind.VIDEO, ("mp4", "mov")),
    ("codec", MediaKind.VIDEO, ("avc1", "hvc1")),
    ("audio_codec", MediaKind.VIDEO, ("mp4a", "mp3")),
    ("format", MediaKind.AUDIO, ("wav", "mp3")),
)
"""Property of the media, kind, and the accepted values: containers, and codecs by their names in MP4."""

SECONDS_SLACK = "0.2"
"""Seconds by which a clip may miss its bounds of 2 and 15: the service's error names 1.8 and 15.2."""


def media_limits(
    upstream: str, evidence: Evidence, stated: Mapping[str, Evidence], strict: Iterable[str]
) -> tuple[MediaLimit, ...]:
    """Limits of an upstream.

    `stated` is the evidence of those that its vendor states: with the older bounds, since the vendors' pages are of
    early 2026, too. `strict` names those whose bounds are excluded.
    """
    excluding = frozenset(strict)
    limits = []
    for name, kind, quantity, *current in MEDIA_LIMITS:
        low, high = OLDER_BOUNDS[name] if name in stated and name in OLDER_BOUNDS else current
        limit = MediaLimit(
            f"{upstream}.limit.{name}", stated.get(name, evidence), kind, quantity, low, high, name in excluding
        )
        others = () if name in stated else _others(name)
        limits.append(replace(limit, variant=f"{upstream}.media_limits", others=others) if others else limit)
    return tuple(limits)


def _others(name: str) -> tuple[tuple[str, Bounds | None], ...]:
    """Bounds of a limit under the options where they differ."""
    older = ((OLDER, OLDER_BOUNDS[name]),) if name in OLDER_BOUNDS else ()
    return (*older, (OFF, None)) if name in SWITCHABLE else older


def media_formats(upstream: str, evidence: Evidence) -> tuple[MediaFormats, ...]:
    """Formats and codecs of references of each kind."""
    return tuple(
        MediaFormats(
            f"{upstream}.limit.{kind}.{quantity}", evidence, kind, values, f"{upstream}.media_limits", OFF, quantity
        )
        for quantity, kind, values in FORMATS
    )


def media_limits_variant(upstream: str, evidence: Evidence) -> Variants:
    """Choice between the service's limits on formats, codecs, pixels, sides and frames a second, and none."""
    return Variants(
        f"{upstream}.media_limits", evidence, CURRENT, (CURRENT, OLDER, OFF),
        "formats, codecs, pixels, sides and frame rates of references are limited as by the service behind, as its "
        "page says now or as it said in early 2026; or not at all. Bytes that the vendor does not limit itself are as "
        "on either page, with off as now",
    )  # fmt: skip


UPRIGHT, STORED = "upright", "stored"
_SIZE_SOURCE = assumed("no page says it; what people see is likelier than what a file stores")


def upright_size(upstream: str) -> Behaviour:
    """Reading of the limits on width and height, and of the adaptive ratio."""
    description = "width and height of a reference count as it is seen: turned as the file says, in square pixels"
    return Behaviour(f"{upstream}.limit.upright", _SIZE_SOURCE, description)


def media_size_variant(upstream: str) -> Variants:
    """Choice between the upright picture and the stored one, for the limits and the adaptive ratio."""
    return Variants(
        f"{upstream}.media_size", _SIZE_SOURCE, UPRIGHT, (UPRIGHT, STORED),
        "width and height of references count as they are seen, turned by EXIF data or a display matrix and in square "
        "pixels; or as the file stores them",
    )  # fmt: skip


def frames_variant(upstream: str) -> Variants:
    """Choice between a clip of the ordered length, and one with the extra frame that the token bill counts."""
    return Variants(
        f"{upstream}.frames", assumed("the bill counts one frame more; whether the file has it is not known"),
        "exact", ("exact", "billed"), "24 frames a second, or one more as the token bill counts",
    )  # fmt: skip


def rounded_frame_rate(upstream: str) -> Behaviour:
    """Reading of the limit on frame rates, which is stated in whole numbers."""
    reason = assumed("the service states whole numbers; film at 23.976 is too common to be meant")
    return Behaviour(f"{upstream}.limit.video.fps.rounded", reason, "a frame rate counts rounded to a whole number")


def seconds_slack(upstream: str) -> Amount:
    """Seconds by which the length of a reference may miss its bounds."""
    source = observed("ByteDance Ark, the service behind: its error names 1.8 and 15.2 seconds as the bounds")
    return Amount(f"{upstream}.limit.seconds.slack", source, Decimal(SECONDS_SLACK))


BAD_REQUEST, REQUEST_TIMEOUT, TOO_MANY = "BadRequest", "RequestTimeout", "TooManyRequests"
ERRORS: Mapping[ErrorKind, tuple[int, str, str]] = {
    ErrorKind.AUTHENTICATION: (401, "Unauthorized", "AuthenticationError"),
    ErrorKind.FORBIDDEN: (403, "Forbidden", "AccessDenied"),
    ErrorKind.BALANCE: (403, "Forbidden", "AccountOverdueError"),
    ErrorKind.MALFORMED: (400, BAD_REQUEST, "InvalidParameter"),
    ErrorKind.MISSING_PARAMETER: (400, BAD_REQUEST, "MissingParameter"),
    ErrorKind.INVALID_PARAMETER: (400, BAD_REQUEST, "InvalidParameter"),
    ErrorKind.UNKNOWN_MODEL: (404, "NotFound", "InvalidEndpointOrModel.NotFound"),
    ErrorKind.INVALID_INPUT: (400, BAD_REQUEST, "InvalidParameter"),
    # Seen live on 2026-09-30 (moku-labs/ai). The output is moderated later: a query of the failed task is a 200.
    ErrorKind.MODERATION_INPUT: (400, BAD_REQUEST, "InputImageSensitiveContentDetected.PrivacyInformation"),
    ErrorKind.MODERATION_OUTPUT: (200, BAD_REQUEST, "OutputVideoSensitiveContentDetected"),
    ErrorKind.ASSET_REFUSED: (400, BAD_REQUEST, "InvalidParameter"),
    # As in the 404 that opeai documents; Ark's own list has NotFound.{resource}.
    ErrorKind.TASK_NOT_FOUND: (404, "NotFound", "ResourceNotFound"),
    ErrorKind.ASSET_NOT_FOUND: (404, "NotFound", "ResourceNotFound"),
    ErrorKind.GROUP_NOT_FOUND: (404, "NotFound", "ResourceNotFound"),
    ErrorKind.CONTENT_NOT_FOUND: (404, "NotFound", "ResourceNotFound"),
    ErrorKind.TASK_FAILED: (400, BAD_REQUEST, "InvalidParameter"),
    # From here to REQUEST_TIMEOUT, Ark's list has no code: these follow the style of the others.
    ErrorKind.STATE_CONFLICT: (409, "Conflict", "InvalidAction"),
    ErrorKind.LINK_EXPIRED: (410, "NotFound", "ResourceExpired"),
    ErrorKind.PRECONDITION_FAILED: (412, BAD_REQUEST, "PreconditionFailed"),
    ErrorKind.RANGE_NOT_SATISFIABLE: (416, BAD_REQUEST, "InvalidRange"),
    ErrorKind.METHOD_NOT_ALLOWED: (405, BAD_REQUEST, "MethodNotAllowed"),
    ErrorKind.BODY_TOO_LARGE: (413, BAD_REQUEST, "RequestEntityTooLarge"),
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: (415, BAD_REQUEST, "UnsupportedMediaType"),
    ErrorKind.REQUEST_TIMEOUT: (408, REQUEST_TIMEOUT, REQUEST_TIMEOUT),
    ErrorKind.RATE_LIMIT: (429, TOO_MANY, "RateLimitExceeded.EndpointRPMExceeded"),
    ErrorKind.UPSTREAM_FAILED: (500, "InternalServerError", "InternalServiceError"),
    ErrorKind.OVERLOADED: (429, TOO_MANY, "ServerOverloaded"),
}
"""HTTP status, type and code of the error object, for each kind of error."""

SENSITIVE = "SensitiveContentDetected"
INPUT, OUTPUT, FAILED = ErrorKind.MODERATION_INPUT, ErrorKind.MODERATION_OUTPUT, ErrorKind.TASK_FAILED
# The first row of a kind is the general code, which Contract.moderation_code takes for an unknown reason.
TASK_CODES: tuple[tuple[ErrorKind, str, str, str], ...] = (
    (INPUT, f"InputText{SENSITIVE}", "the input text may contain sensitive information", "text"),
    (INPUT, f"InputText{SENSITIVE}.PolicyViolation", "the input text may violate the rules", "policy"),
    (INPUT, f"InputImage{SENSITIVE}.PrivacyInformation", "the input image may contain real person", "face"),
    (INPUT, f"InputImage{SENSITIVE}", "the input image may contain sensitive information", "image"),
    (INPUT, f"InputImage{SENSITIVE}.PolicyViolation", "the input image may violate the rules", ""),
    (INPUT, f"InputVideo{SENSITIVE}", "the input video may contain sensitive information", "video"),
    (INPUT, f"InputVideo{SENSITIVE}.PolicyViolation", "the input video may violate the rules", ""),
    (INPUT, f"InputVideo{SENSITIVE}.PrivacyInformation", "the input video may contain real person", ""),
    (INPUT, f"InputAudio{SENSITIVE}", "the input audio may contain sensitive information", "audio"),
    (OUTPUT, f"OutputVideo{SENSITIVE}", "the output video may contain sensitive information", "video"),
    (OUTPUT, f"OutputAudio{SENSITIVE}", "the output audio may contain sensitive information", "audio"),
    (OUTPUT, f"OutputVideo{SENSITIVE}.PolicyViolation", "the output video may violate the rules", ""),
    (OUTPUT, f"OutputText{SENSITIVE}", "the output text may contain sensitive information", ""),
    (OUTPUT, f"OutputImage{SENSITIVE}", "the output image may contain sensitive information", ""),
    (OUTPUT, f"OutputImage{SENSITIVE}.DeepFake", "the output image may be a deep fake", ""),
    (OUTPUT, SENSITIVE, "the content may be sensitive", ""),
    (OUTPUT, f"{SENSITIVE}.SevereViolation", "the content may violate the rules severely", ""),
    (OUTPUT, f"{SENSITIVE}.Violence", "the content may show violence", ""),
    (OUTPUT, "ContentSecurityDetectionError", "the content could not be checked", ""),
    (FAILED, "InternalServiceError", "the service had an internal error", ""),
    (FAILED, "ServerOverloaded", "the service is overloaded", ""),
    (FAILED, "QuotaExceeded", "too many tasks are queued", "queue_full"),
    (FAILED, "TaskExpired", "the task expired before it was done", "expired"),
)
RETRYABLE = frozenset({"InternalServiceError", "ServerOverloaded", "QuotaExceeded"})


def task_codes(upstream: str, evidence: Evidence) -> tuple[FailCode, ...]:
    """Codes with which moderation refuses an order, or a task fails."""
    return tuple(
        FailCode(
            f"{upstream}.code.{code}", evidence, kind, code, f"The request failed because {cause}.", reason,
            code in RETRYABLE,
        )
        for kind, code, cause, reason in TASK_CODES
    )  # fmt: skip


# Those of Ark's GetAsset. Ark never tries a failed asset again.
ASSET_CODES: tuple[tuple[str, str, str], ...] = (
    ("DownloadFailed", "the file could not be downloaded", "download"),
    ("TypeMismatch", "the file is of another kind than asset_type says", "type"),
    ("FormatUnsupported", "the file's format is not supported", "format"),
    ("FormatUndetectable", "the file's format could not be detected", ""),
    ("DurationTooShort", "the file is too short", "seconds.low"),
    ("DurationTooLong", "the file is too long", "seconds.high"),
    ("WidthTooSmall", "the picture is not wide enough", "width.low"),
    ("WidthTooLarge", "the picture is too wide", "width.high"),
    ("HeightTooSmall", "the picture is not high enough", "height.low"),
    ("HeightTooLarge", "the picture is too high", "height.high"),
    ("AspectRatioTooSmall", "the picture is too narrow for its height", "ratio.low"),
    ("AspectRatioTooLarge", "the picture is too wide for its height", "ratio.high"),
    ("FileSizeTooLarge", "the file has too many bytes", "size_bytes.high"),
    ("PixelCountTooSmall", "the picture has too few pixels", "pixels.low"),
    ("PixelCountTooLarge", "the picture has too many pixels", "pixels.high"),
    ("FpsTooLow", "the video has too few pictures a second", "fps.low"),
    ("FpsTooHigh", "the video has too many pictures a second", "fps.high"),
    ("AudioTrackRequired", "the video has no sound", ""),
    ("AudioTrackForbidden", "the video has sound", ""),
    ("ContentRestricted", "the content is restricted", ""),
    ("InputTextSensitiveContentDetected", "the text may contain sensitive information", ""),
    ("InputImageSensitiveContentDetected", "the image may contain sensitive information", ""),
    ("InputVideoSensitiveContentDetected", "the video may contain sensitive information", ""),
    ("InputAudioSensitiveContentDetected", "the audio may contain sensitive information", ""),
    ("FaceMismatch", "the face is not the one that was registered", ""),
    ("TranscodingFailed", "the file could not be transcoded", ""),
)
"""Code, message, and reason: a step of processing, or a quantity with the bound that is broken."""


def asset_codes(upstream: str, evidence: Evidence) -> tuple[FailCode, ...]:
    """Codes with which an asset fails while it is processed."""
    return tuple(
        FailCode(f"{upstream}.assets.code.{code}", evidence, ErrorKind.ASSET_REFUSED, code, message, reason)
        for code, message, reason in ASSET_CODES
    )

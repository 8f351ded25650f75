"""Contract of apimodels.app, "custom channel A", in the order of the vendor's page.

Facts that the page lacks come, with a lower basis, from the vendor's other pages, its clients and the service behind.
"""

from __future__ import annotations

from decimal import Decimal

from ...contract import Contract
from ...documents.references import FlatFields, Slot
from ...enums import ORDERS, MediaKind, Mode, Operation, Role, StatusContext, TaskStatus
from ...facts import (
    Amount,
    BaseUrl,
    Behaviour,
    Document,
    Endpoint,
    Fact,
    Field,
    ModeFact,
    Model,
    StatusSpelling,
    Tariff,
    assumed,
)
from ...generation import first_frame
from ...request_format import RequestFormat
from ...response_format import IdPattern, ResponseFormat
from ...rules.boundaries import sample_reference
from ...rules.cross_field import (
    FramesExcludeReferences,
    LastFrameRequiresFirst,
    MaxReferences,
    ModelResolutions,
    RequiresOtherMedia,
    resolutions_by_name,
)
from ...rules.fields import (
    KnownModel,
    NumberRange,
    OneOf,
    PromptLength,
    RequiredField,
    UrlScheme,
    WholeNumber,
    required_rule,
    type_rules,
)
from ...rules.rule import Rule
from ...rules.urls import NoPassword, ReachableHost, ReachableReferences, WebUrl
from ...terms import UpscaleTerms
from ...timing import CallbackPlan, Latency
from .. import _ark
from . import assets as library
from .errors import CODES, ENVELOPE, ERRORS
from .responses import MODE_NAMES, RESPONSE_FIELDS
from .sources import (
    ARK,
    ASSUMED,
    CALLBACK_BODY,
    CALLBACK_SCHEME,
    CLIENT,
    IN_EXAMPLES,
    LIKE_ARK,
    PAGE,
    PAGE_ASSETS,
    PAGE_FIELDS,
    PAGE_MODES,
    PAGE_UPSCALE,
    PASSWORD,
    SCHEME,
    SIBLINGS,
    STORAGE,
    UNREACHABLE,
    UPSCALE_SCHEME,
    VENDOR_CLIENT,
    VENDOR_NOTES,
)
from .variants import BILLING, FRAMES, VARIANTS

NAME = "apimodels"

BASES = (
    BaseUrl("apimodels.base", PAGE, "https://apimodels.app", "/api/v1"),
    # The default of the vendor's newer MCP server; it takes bodies of 100 MB.
    BaseUrl("apimodels.base.second", VENDOR_CLIENT, "https://api.apimodels.app", "/v1"),
)

STANDARD = Model("apimodels.model.standard", PAGE, "seedance2-a/seedance-2.0-a", "standard", ("720p", "1080p"))
FAST = Model("apimodels.model.fast", PAGE, "seedance2-a/seedance-2.0-fast-a", "fast", ("720p",))
MINI = Model("apimodels.model.mini", PAGE, "seedance2-a/seedance-2.0-mini", "mini", ("720p",))
TARGETS = ("720p", "1080p", "2k", "4k")
UPSCALER = Model("apimodels.model.upscale", PAGE_UPSCALE, "video-upscale", "upscale", TARGETS, upscales=True)
MODELS = (STANDARD, FAST, MINI, UPSCALER)

TARIFFS = (
    Tariff("apimodels.tariff.standard.720p", PAGE, STANDARD.name, "720p", Decimal("0.147")),
    Tariff("apimodels.tariff.standard.1080p", PAGE, STANDARD.name, "1080p", Decimal("0.365")),
    Tariff("apimodels.tariff.fast.720p", PAGE, FAST.name, "720p", Decimal("0.118")),
    Tariff("apimodels.tariff.mini.720p", PAGE, MINI.name, "720p", Decimal("0.073")),
    Tariff("apimodels.tariff.upscale.720p", PAGE_UPSCALE, UPSCALER.name, "720p", Decimal("0.03")),
    Tariff("apimodels.tariff.upscale.1080p", PAGE_UPSCALE, UPSCALER.name, "1080p", Decimal("0.045")),
    Tariff("apimodels.tariff.upscale.2k", PAGE_UPSCALE, UPSCALER.name, "2k", Decimal("0.075")),
    Tariff("apimodels.tariff.upscale.4k", PAGE_UPSCALE, UPSCALER.name, "4k", Decimal("0.12")),
)

ENDPOINTS = (
    Endpoint("apimodels.create", PAGE, Operation.CREATE, "POST", "/video/generations"),
    Endpoint("apimodels.query", PAGE, Operation.QUERY, "GET", "/video/generations"),
    *library.ENDPOINTS,
    Endpoint("apimodels.upscale", PAGE_UPSCALE, Operation.UPSCALE, "POST", "/video/generations"),
    Endpoint("apimodels.balance", VENDOR_CLIENT, Operation.BALANCE, "GET", "/balance"),
    Endpoint("apimodels.models", VENDOR_CLIENT, Operation.MODELS, "GET", "/models"),
    Endpoint("apimodels.records", CLIENT, Operation.RECORD, "GET", "/records/{task_id}"),
    Endpoint("apimodels.files", VENDOR_CLIENT, Operation.FILE_CREATE, "POST", "/files"),
)

MODES = (
    ModeFact("apimodels.mode.text", PAGE_MODES, Mode.TEXT, ()),
    ModeFact("apimodels.mode.first_frame", PAGE_MODES, Mode.FIRST_FRAME, (Role.FIRST_FRAME,)),
    ModeFact("apimodels.mode.first_last", PAGE_MODES, Mode.FIRST_LAST_FRAME, (Role.FIRST_FRAME, Role.LAST_FRAME)),
    ModeFact("apimodels.mode.reference", PAGE_MODES, Mode.REFERENCE, (Role.REFERENCE,)),
    ModeFact("apimodels.mode.edit", PAGE_MODES, Mode.EDIT, (Role.REFERENCE,)),
    ModeFact("apimodels.mode.upscale", PAGE_UPSCALE, Mode.UPSCALE, ()),
)

RATIOS = ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "adaptive")
URL = ("string",)
URLS = ("array",)
# The page says number; the schema of the vendor's MCP server has both (fact apimodels.create.duration.text).
NUMBER = ("number", "string")

CREATE_FIELDS = (
    Field("apimodels.create.model", PAGE_FIELDS, Operation.CREATE, "model", ("string",)),
    Field("apimodels.create.prompt", PAGE_FIELDS, Operation.CREATE, "prompt", ("string",)),
    Field("apimodels.create.resolution", PAGE_FIELDS, Operation.CREATE, "resolution", ("string",), "720p"),
    Field("apimodels.create.aspect_ratio", PAGE_FIELDS, Operation.CREATE, "aspect_ratio", ("string",), "adaptive"),
    Field("apimodels.create.duration", PAGE_FIELDS, Operation.CREATE, "duration", NUMBER, 5),
    Field("apimodels.create.generate_audio", PAGE_FIELDS, Operation.CREATE, "generate_audio", ("boolean",), True),
    Field("apimodels.create.first_frame_url", PAGE_FIELDS, Operation.CREATE, "first_frame_url", URL),
    Field("apimodels.create.last_frame_url", PAGE_FIELDS, Operation.CREATE, "last_frame_url", URL),
    Field("apimodels.create.reference_image_urls", PAGE_FIELDS, Operation.CREATE, "reference_image_urls", URLS),
    Field("apimodels.create.reference_video_urls", PAGE_FIELDS, Operation.CREATE, "reference_video_urls", URLS),
    Field("apimodels.create.reference_audio_urls", PAGE_FIELDS, Operation.CREATE, "reference_audio_urls", URLS),
    Field("apimodels.create.reference_image_urls.item", PAGE_FIELDS, Operation.CREATE, "reference_image_urls[]", URL),
    Field("apimodels.create.reference_video_urls.item", PAGE_FIELDS, Operation.CREATE, "reference_video_urls[]", URL),
    Field("apimodels.create.reference_audio_urls.item", PAGE_FIELDS, Operation.CREATE, "reference_audio_urls[]", URL),
    Field("apimodels.create.web_search", PAGE_FIELDS, Operation.CREATE, "web_search", ("boolean",), False),
    # The vendor's MCP server sends the first frame under this name, whatever the model.
    Field("apimodels.create.images", VENDOR_CLIENT, Operation.CREATE, "images", URLS),
    Field("apimodels.create.images.item", VENDOR_CLIENT, Operation.CREATE, "images[]", URL),
    Field("apimodels.create.callback_url", SIBLINGS, Operation.CREATE, "callback_url", URL),
    Field("apimodels.create.seed", LIKE_ARK, Operation.CREATE, "seed", ("integer",)),
)
UPSCALE_FIELDS = (
    Field("apimodels.upscale.model", PAGE_UPSCALE, Operation.UPSCALE, "model", ("string",)),
    Field("apimodels.upscale.videoUrl", PAGE_UPSCALE, Operation.UPSCALE, "videoUrl", URL),
    Field("apimodels.upscale.targetResolution", PAGE_UPSCALE, Operation.UPSCALE, "targetResolution", ("string",)),
    Field("apimodels.upscale.callback_url", SIBLINGS, Operation.UPSCALE, "callback_url", URL),
)
QUERY_FIELDS = (Field("apimodels.query.task_id", PAGE, Operation.QUERY, "task_id", ("string",)),)
FIELDS = (*CREATE_FIELDS, *UPSCALE_FIELDS, *library.FIELDS, *QUERY_FIELDS)

# The page names ratios, not pixels; these are the sizes that the service behind renders.
SIZES = _ark.sizes(NAME, ARK, ("720p", "1080p"), RATIOS[:-1])

LAYOUT = FlatFields(
    (
        Slot("first_frame_url", MediaKind.IMAGE, Role.FIRST_FRAME),
        Slot("images", MediaKind.IMAGE, Role.FIRST_FRAME, many=True),
        Slot("last_frame_url", MediaKind.IMAGE, Role.LAST_FRAME),
        Slot("reference_image_urls", MediaKind.IMAGE, Role.REFERENCE, many=True),
        Slot("reference_video_urls", MediaKind.VIDEO, Role.REFERENCE, many=True),
        Slot("reference_audio_urls", MediaKind.AUDIO, Role.REFERENCE, many=True),
    )
)

VISUAL = (MediaKind.IMAGE, MediaKind.VIDEO)
SCHEMES = ("https://", "http://", "asset://", "data:")
PUBLIC = ("https://", "http://")
REJECTED_HOSTS = ("apimodels.private_hosts", "reject")
FIRST, IMAGE = first_frame("https://example.com/first.png"), sample_reference(MediaKind.IMAGE)


CREATE_RULES: tuple[Rule, ...] = (
    required_rule(CREATE_FIELDS[0], IN_EXAMPLES),
    *type_rules(CREATE_FIELDS[:1]),
    KnownModel(Fact("apimodels.create.model.known", VENDOR_CLIENT), "model", tuple(m.name for m in MODELS)),
    *type_rules(CREATE_FIELDS[1:]),
    RequiredField(Fact("apimodels.create.prompt.required", PAGE_FIELDS), "prompt", VISUAL),
    OneOf(Fact("apimodels.create.resolution.values", PAGE_FIELDS), "resolution", ("720p", "1080p")),
    ModelResolutions(Fact("apimodels.model.fast.resolutions", PAGE), "resolution", FAST, resolutions_by_name(SIZES)),
    ModelResolutions(Fact("apimodels.model.mini.resolutions", PAGE), "resolution", MINI, resolutions_by_name(SIZES)),
    OneOf(Fact("apimodels.create.aspect_ratio.values", PAGE_FIELDS), "aspect_ratio", RATIOS),
    WholeNumber(Fact("apimodels.create.duration.whole", LIKE_ARK), "duration"),
    NumberRange(Fact("apimodels.create.duration.range", PAGE_FIELDS), "duration", *_ark.SECONDS),
    NumberRange(Fact("apimodels.create.seed.range", LIKE_ARK), "seed", *_ark.SEEDS),
    UrlScheme(Fact("apimodels.create.callback_url.scheme", CALLBACK_SCHEME), "callback_url", PUBLIC),
    UrlScheme(Fact("apimodels.create.first_frame_url.scheme", SCHEME), "first_frame_url", SCHEMES),
    UrlScheme(Fact("apimodels.create.images.scheme", SCHEME), "images[]", SCHEMES),
    UrlScheme(Fact("apimodels.create.last_frame_url.scheme", SCHEME), "last_frame_url", SCHEMES, beside=(FIRST,)),
    UrlScheme(
        Fact("apimodels.create.reference_image_urls.scheme", SCHEME), "reference_image_urls[]", SCHEMES, beside=(IMAGE,)
    ),
    UrlScheme(
        Fact("apimodels.create.reference_video_urls.scheme", SCHEME), "reference_video_urls[]",
        SCHEMES[:3], beside=(IMAGE,), elsewhere=SCHEMES[3:],
    ),
    WebUrl(
        Fact("apimodels.create.reference_video_urls.web", ARK), "reference_video_urls[]",
        "https://, http://, asset://", "apimodels.video_data", "reject", beside=(IMAGE,),
    ),
    UrlScheme(
        Fact("apimodels.create.reference_audio_urls.scheme", SCHEME), "reference_audio_urls[]", SCHEMES, beside=(IMAGE,)
    ),
    LastFrameRequiresFirst(Fact("apimodels.create.last_frame_needs_first", PAGE_MODES), "last_frame_url"),
    # The vendor measured on 2026-08-08 that such an order is rejected, and the references not merely ignored.
    FramesExcludeReferences(Fact("apimodels.create.frames_exclude_references", VENDOR_NOTES), "first_frame_url"),
    MaxReferences(Fact("apimodels.reference.image.count", PAGE_MODES), "reference_image_urls", MediaKind.IMAGE, 9),
    MaxReferences(Fact("apimodels.reference.video.count", PAGE_MODES), "reference_video_urls", MediaKind.VIDEO, 3),
    MaxReferences(Fact("apimodels.reference.audio.count", PAGE_MODES), "reference_audio_urls", MediaKind.AUDIO, 3),
    RequiresOtherMedia(
        Fact("apimodels.reference.audio.anchored", ARK), "reference_audio_urls", MediaKind.AUDIO, VISUAL
    ),
    NoPassword(Fact("apimodels.create.callback_url.password", PASSWORD), "callback_url"),
    ReachableHost(Fact("apimodels.create.callback_url.host.refused", UNREACHABLE), "callback_url", *REJECTED_HOSTS),
    ReachableReferences(
        Fact("apimodels.reference.host.refused", UNREACHABLE), "reference_image_urls", *REJECTED_HOSTS
    ),
)  # fmt: skip
UPSCALE_RULES: tuple[Rule, ...] = (
    *type_rules(UPSCALE_FIELDS),
    required_rule(UPSCALE_FIELDS[1], IN_EXAMPLES),
    UrlScheme(Fact("apimodels.upscale.videoUrl.scheme", UPSCALE_SCHEME), "videoUrl", (*PUBLIC, "asset://", "data:")),
    required_rule(UPSCALE_FIELDS[2], IN_EXAMPLES),
    OneOf(Fact("apimodels.upscale.targetResolution.values", PAGE_UPSCALE), "targetResolution", UPSCALER.resolutions),
    UrlScheme(Fact("apimodels.upscale.callback_url.scheme", CALLBACK_SCHEME), "callback_url", PUBLIC),
    NoPassword(Fact("apimodels.upscale.callback_url.password", PASSWORD), "callback_url"),
    ReachableHost(Fact("apimodels.upscale.callback_url.host.refused", UNREACHABLE), "callback_url", *REJECTED_HOSTS),
    ReachableHost(Fact("apimodels.upscale.videoUrl.host.refused", UNREACHABLE), "videoUrl", *REJECTED_HOSTS),
)
QUERY_RULES: tuple[Rule, ...] = (*type_rules(QUERY_FIELDS), required_rule(QUERY_FIELDS[0], IN_EXAMPLES))

ADVICE: tuple[Rule, ...] = (
    PromptLength(Fact("apimodels.create.prompt.length", LIKE_ARK), "prompt", *_ark.PROMPT_LENGTH),
    ReachableReferences(Fact("apimodels.reference.host", UNREACHABLE), "reference_image_urls"),
    ReachableHost(Fact("apimodels.callback_url.host", UNREACHABLE), "callback_url"),
    ReachableHost(Fact("apimodels.upscale.videoUrl.host", UNREACHABLE), "videoUrl"),
)

# Ark says < 30 MB for images; whether the bounds of sides and ratios count, its tutorial and its reference disagree.
LIMITS = _ark.media_limits(NAME, ARK, {}, ("image.size", "image.side", "image.ratio"))

FORMATS = _ark.media_formats(NAME, ARK)

RESULT_DAYS = Amount("apimodels.result.days", VENDOR_CLIENT, Decimal(7))
FILE_DAYS = Amount("apimodels.files.days", VENDOR_CLIENT, Decimal(7))
CALLBACKS = CallbackPlan(
    attempt=Amount("apimodels.callback.attempt_seconds", SIBLINGS, Decimal(10)),
    backoff=(
        Amount("apimodels.callback.backoff.1", SIBLINGS, Decimal(1)),
        Amount("apimodels.callback.backoff.2", SIBLINGS, Decimal(2)),
        Amount("apimodels.callback.backoff.3", SIBLINGS, Decimal(4)),
    ),
    lasting=Amount("apimodels.callback.lasting_seconds", SIBLINGS, Decimal(1800)),
    # Sibling pages name 1, 2 and 4 s, then a job of up to 30 minutes; how often that one tries is not said.
    interval=Amount("apimodels.callback.interval_seconds", ASSUMED, Decimal(60)),
)
# Successful videos of the seven days to 2026-09-22, in the vendor's MCP server.
P50 = Amount("apimodels.latency.p50", VENDOR_CLIENT, Decimal(_ark.LATENCY_P50))
P90 = Amount("apimodels.latency.p90", VENDOR_CLIENT, Decimal(_ark.LATENCY_P90))
LATENCY = Latency(float(P50.value), float(P90.value), VENDOR_CLIENT)

FRAME_RATE = Amount("apimodels.content.frames_per_second", ARK, Decimal(_ark.FRAMES_PER_SECOND))

SECONDS_SLACK = _ark.seconds_slack(NAME)
UPSCALING = UpscaleTerms(
    minimum_seconds=Amount("apimodels.upscale.minimum_seconds", PAGE_UPSCALE, Decimal(5)),
    unknown_seconds=Amount("apimodels.upscale.unknown_seconds", ASSUMED, Decimal(5)),
    # The page names the targets alone; these are the heights of 16:9 that usually go by such names.
    sides={
        target: Amount(f"apimodels.upscale.side.{target}", ASSUMED, Decimal(side))
        for target, side in zip(TARGETS, (720, 1080, 1440, 2160), strict=True)
    },
)

AMOUNTS = (
    *library.AMOUNTS,
    UPSCALING.minimum_seconds,
    RESULT_DAYS,
    FRAME_RATE,
    FILE_DAYS,
    Amount("apimodels.body.megabytes", VENDOR_CLIENT, Decimal(100)),
    SECONDS_SLACK,
    CALLBACKS.attempt,
    *CALLBACKS.backoff,
    CALLBACKS.lasting,
    CALLBACKS.interval,
    P50,
    P90,
    UPSCALING.unknown_seconds,
    *UPSCALING.sides.values(),
)

STATUS_SPELLINGS = (
    StatusSpelling("apimodels.status.created", SIBLINGS, StatusContext.CREATE, TaskStatus.QUEUED, "pending"),
    StatusSpelling("apimodels.status.queued", CLIENT, StatusContext.QUERY, TaskStatus.QUEUED, "pending"),
    StatusSpelling("apimodels.status.in_progress", CLIENT, StatusContext.QUERY, TaskStatus.IN_PROGRESS, "processing"),
    StatusSpelling("apimodels.status.success", SIBLINGS, StatusContext.QUERY, TaskStatus.SUCCESS, "completed"),
    StatusSpelling("apimodels.status.failure", SIBLINGS, StatusContext.QUERY, TaskStatus.FAILURE, "failed"),
    # A client that does not know a final status polls to its deadline (ArcReel#651, ArcReel#1889).
    StatusSpelling("apimodels.status.alias.queued", CLIENT, StatusContext.ALIAS, TaskStatus.QUEUED, "queued"),
    StatusSpelling("apimodels.status.alias.running", CLIENT, StatusContext.ALIAS, TaskStatus.IN_PROGRESS, "running"),
    StatusSpelling(
        "apimodels.status.alias.in_progress", CLIENT, StatusContext.ALIAS, TaskStatus.IN_PROGRESS, "in_progress"
    ),
    StatusSpelling("apimodels.status.alias.succeeded", CLIENT, StatusContext.ALIAS, TaskStatus.SUCCESS, "succeeded"),
    StatusSpelling("apimodels.status.alias.success", CLIENT, StatusContext.ALIAS, TaskStatus.SUCCESS, "success"),
    StatusSpelling("apimodels.status.alias.error", CLIENT, StatusContext.ALIAS, TaskStatus.FAILURE, "error"),
    StatusSpelling("apimodels.status.alias.canceled", CLIENT, StatusContext.ALIAS, TaskStatus.FAILURE, "canceled"),
    StatusSpelling("apimodels.status.alias.cancelled", CLIENT, StatusContext.ALIAS, TaskStatus.FAILURE, "cancelled"),
    StatusSpelling("apimodels.status.alias.expired", CLIENT, StatusContext.ALIAS, TaskStatus.FAILURE, "expired"),
)

BEHAVIOURS = (
    Behaviour("apimodels.auth", PAGE, "every request carries the key as Authorization: Bearer"),
    Behaviour("apimodels.billing.tokens", PAGE, "billed on tokens; prices a second are approximate"),
    Behaviour("apimodels.create.edit", PAGE_MODES, "a reference video with a prompt is edited or extended"),
    Behaviour("apimodels.create.resolution.default", LIKE_ARK, "resolution is 720p by default"),
    Behaviour("apimodels.create.aspect_ratio.default", LIKE_ARK, "aspect_ratio is adaptive by default"),
    Behaviour("apimodels.create.duration.default", ASSUMED, "duration is 5 by default, as in the page's example"),
    Behaviour("apimodels.create.duration.text", VENDOR_CLIENT, "duration is accepted as a string too"),
    Behaviour("apimodels.create.web_search.default", ASSUMED, "web_search is off by default"),
    Behaviour("apimodels.web_search", PAGE_FIELDS, "a web search tool can be switched on for a generation"),
    Behaviour("apimodels.faces", PAGE_ASSETS, "a real face in a direct reference image is rejected"),
    *library.BEHAVIOURS,
    Behaviour("apimodels.upscale.billing", PAGE_UPSCALE, "billed by the input's seconds, rounded up"),
    Behaviour("apimodels.status.moves", ARK, "a task moves from pending to processing to a terminal status"),
    Behaviour("apimodels.status.final", ASSUMED, "a task that has ended does not change"),
    Behaviour("apimodels.query.model_type", ASSUMED, "modelType is the mode: TEXT_, IMAGE_, ... and TO_VIDEO"),
    Behaviour("apimodels.envelope", SIBLINGS, "response bodies are code, msg, data"),
    Behaviour("apimodels.times", SIBLINGS, "createTime and completeTime are milliseconds since the epoch"),
    Behaviour("apimodels.callback", SIBLINGS, "callback_url gets one POST at the end, without a signature, retried"),
    Behaviour("apimodels.callback.body", CALLBACK_BODY, "a callback's body is the response to a query of the task"),
    Behaviour("apimodels.callback.limit", ASSUMED, "the half hour of attempts begins when the task ends"),
    IdPattern(
        "apimodels.task_id", assumed("read off a placeholder"), "task ids resemble a cuid: cl and 23 characters",
        ORDERS, r"cl[a-z0-9]{23}",
    ),
    Behaviour("apimodels.private_urls", VENDOR_CLIENT, "a task with a private or reserved address in a URL fails"),
    Behaviour("apimodels.adaptive", ARK, "adaptive is the ratio nearest to that of the first visual input"),
    Behaviour("apimodels.adaptive.none", ASSUMED, "adaptive without a readable visual input is 16:9"),
    Behaviour("apimodels.upscale.size", ASSUMED, "the target is the shorter side; the ratio is that of the input"),
    Behaviour("apimodels.tasks.isolated", ASSUMED, "a task is visible to the key that created it, and to no other"),
    Behaviour("apimodels.billing.success", VENDOR_CLIENT, "rejected and failed orders are not billed"),
    Behaviour("apimodels.billing.completion", VENDOR_CLIENT, "an order is billed once, when it completes"),
    Behaviour("apimodels.content.keyless", CLIENT, "a result link needs no key"),
    Behaviour("apimodels.content.own", ASSUMED, "each task has its own links"),
    Behaviour("apimodels.content.format", ARK, "a clip is an MP4 file"),
    Behaviour("apimodels.content.codec", ASSUMED, "a clip's video codec is H.264 (avc1)"),
    Behaviour("apimodels.content.type", ASSUMED, "a clip is sent as video/mp4"),
    Behaviour("apimodels.content.length", ASSUMED, "Content-Length is the number of bytes sent"),
    Behaviour("apimodels.content.same", ASSUMED, "a link serves the same bytes each time"),
    Behaviour("apimodels.content.head", ASSUMED, "HEAD responds as GET does, without the body"),
    Behaviour("apimodels.range.part", STORAGE, "a range request gets 206, Content-Range and only its bytes"),
    Behaviour("apimodels.range.condition", STORAGE, "If-Range with an outdated validator gets the whole clip"),
    Behaviour("apimodels.range.offered", STORAGE, "Accept-Ranges states whether range requests are supported"),
    _ark.rounded_frame_rate("apimodels"),
    _ark.upright_size("apimodels"),
    Behaviour("apimodels.unknown_fields", ASSUMED, "fields that the page does not name are ignored"),
    Behaviour("apimodels.null", ASSUMED, "a field that is null counts as absent"),
)  # fmt: skip

PATHS = {
    "ratio": "aspect_ratio",
    "seconds": "duration",
    "upscale.resolution": "targetResolution",
    "upscale.url": "videoUrl",
    "task": "task_id",
    "asset": "id",
    "group": "group_id",
    "group_delete.group": "id",
}

BOAT = {"model": STANDARD.name, "prompt": "A paper boat crosses a puddle.", "resolution": "720p", "duration": 4}
LARGER = {"model": UPSCALER.name, "videoUrl": "https://example.com/small.mp4", "targetResolution": "1080p"}
EXAMPLES: dict[Operation, tuple[Document, ...]] = {
    Operation.CREATE: (BOAT,),
    Operation.UPSCALE: (LARGER,),
    Operation.QUERY: ({"task_id": "cl0123456789abcdefghijklm"},),
    **library.EXAMPLES,
}

CONTRACT = Contract(
    name=NAME,
    display_name="apimodels.app, custom channel A",
    bases=BASES,
    endpoints=ENDPOINTS,
    models=MODELS,
    modes=MODES,
    fields=FIELDS,
    sizes=SIZES,
    request=RequestFormat(layout=LAYOUT, examples=EXAMPLES, paths=PATHS, file_parts={Operation.FILE_CREATE: "file"}),
    rules={
        Operation.CREATE: CREATE_RULES,
        Operation.UPSCALE: UPSCALE_RULES,
        Operation.QUERY: QUERY_RULES,
        **library.RULES,
    },
    advice=ADVICE,
    limits=LIMITS,
    formats=FORMATS,
    tariffs=TARIFFS,
    amounts=AMOUNTS,
    status_spellings=STATUS_SPELLINGS,
    errors=ERRORS,
    fail_codes=(*CODES, *library.CODES),
    variants=VARIANTS,
    behaviours=BEHAVIOURS,
    response_fields=RESPONSE_FIELDS,
    response=ResponseFormat(
        envelope_key="data",
        code_path="code",
        id_paths=("taskId", "task_id", "id"),
        status_paths=("state", "status"),
        link_paths=("resultUrls", "videos"),
        failure_code_paths=("failCode",),
        failure_message_paths=("failMsg",),
        created_paths=("createTime", "created_at"),
        completed_paths=("completeTime",),
        millisecond_paths=frozenset({"createTime", "completeTime"}),
        envelopes=(ENVELOPE,),
        paths={"price": "credits", "file_url": "publicUrl", "mode": "modelType", **library.RESPONSE_PATHS},
        modes=MODE_NAMES,
        errors_as_200=("apimodels.errors", "ok"),
    ),
    frame_rate=FRAME_RATE,
    latency=LATENCY,
    token_bill=_ark.TOKEN_BILL,
    billing=BILLING,
    callbacks=CALLBACKS,
    retry_after=CLIENT,
    result_days=RESULT_DAYS,
    file_days=FILE_DAYS,
    assets=library.TERMS,
    upscaling=UPSCALING,
    seconds_slack=SECONDS_SLACK,
    frames=FRAMES,
)

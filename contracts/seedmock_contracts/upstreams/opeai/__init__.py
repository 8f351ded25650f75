"""Contract of api-platform.ope.ai, "seedance-2-0 series", in the order of the vendor's guide.

Facts that the guide lacks come, with a lower basis, from the vendor's other pages, from the gateway software of the
same family (new-api), and from the service behind.
"""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from ...contract import Contract
from ...documents.references import ContentArray
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
    Variants,
    assumed,
    documented,
    observed,
)
from ...request_format import RequestFormat
from ...response_format import IdPattern, KeyOrder, ResponseFormat
from ...rules.boundaries import sample_reference
from ...rules.cross_field import (
    AtLeastOneOf,
    FramesExcludeReferences,
    ItemHasUrl,
    LastFrameRequiresFirst,
    MaxReferences,
    ModelResolutions,
    MutuallyExclusive,
    RequiresField,
    RequiresOtherMedia,
    RoleMatchesType,
    resolutions_by_name,
)
from ...rules.fields import (
    KnownModel,
    NumberRange,
    OneOf,
    PromptLength,
    RequiredField,
    UnsupportedField,
    UrlScheme,
    WholeNumber,
    type_rules,
)
from ...rules.rule import Rule
from ...rules.urls import ReachableReferences, WebUrl
from ...timing import Latency
from .. import _ark
from .errors import CODES, ENVELOPES, ERRORS
from .responses import RESPONSE_FIELDS
from .sources import (
    ARK,
    ASSUMED,
    CLIENT,
    COMMON,
    GATEWAY,
    GUIDE_1,
    GUIDE_2,
    GUIDE_3,
    GUIDE_4,
    GUIDE_5,
    GUIDE_6,
    GUIDE_7,
    GUIDE_BASIC,
    LASTING,
    NSFW,
    SCHEME,
    SDK,
    UNREACHABLE,
    VENDOR_CONTENT,
    VENDOR_CREATE,
    VENDOR_GET,
)

NAME = "opeai"

BASES = (BaseUrl("opeai.base", GUIDE_BASIC, "https://api-platform.ope.ai", "/v1"),)

STANDARD = Model("opeai.model.seedance-2-0", GUIDE_BASIC, "seedance-2-0", "standard", ("480p", "720p", "1080p"))
FAST = Model("opeai.model.seedance-2-0-fast", GUIDE_BASIC, "seedance-2-0-fast", "fast", ("480p", "720p"))
LOOSE = Model(
    "opeai.model.seedance-2-0-nsfw", GUIDE_BASIC, "seedance-2-0-nsfw", "nsfw", ("480p", "720p", "1080p"),
    unmoderated=("text",),
)  # fmt: skip
MODELS = (STANDARD, FAST, LOOSE)

ENDPOINTS = (
    Endpoint("opeai.create", GUIDE_BASIC, Operation.CREATE, "POST", "/videos"),
    Endpoint("opeai.query", GUIDE_BASIC, Operation.QUERY, "GET", "/videos/{task_id}"),
    Endpoint("opeai.content", GUIDE_BASIC, Operation.CONTENT, "GET", "/videos/{task_id}/content"),
    Endpoint("opeai.models", GATEWAY, Operation.MODELS, "GET", "/models"),
)

MODES = (
    ModeFact("opeai.mode.text", GUIDE_4, Mode.TEXT, ()),
    ModeFact("opeai.mode.first_frame", GUIDE_4, Mode.FIRST_FRAME, (Role.FIRST_FRAME,)),
    ModeFact("opeai.mode.first_last", GUIDE_4, Mode.FIRST_LAST_FRAME, (Role.FIRST_FRAME, Role.LAST_FRAME)),
    ModeFact("opeai.mode.reference", GUIDE_4, Mode.REFERENCE, (Role.REFERENCE,)),
)

CONTENT = "input_reference.content"
ITEM = f"{CONTENT}[]"
# The guide says string; the vendor's page of the sibling endpoint sends a number (fact opeai.seconds.number).
TEXT_OR_NUMBER = ("string", "integer", "number")
FIELDS = (
    Field("opeai.create.model", GUIDE_2, Operation.CREATE, "model", ("string",)),
    Field("opeai.create.prompt", GUIDE_2, Operation.CREATE, "prompt", ("string",)),
    Field("opeai.create.size", GUIDE_2, Operation.CREATE, "size", ("string",)),
    Field("opeai.create.resolution", GUIDE_2, Operation.CREATE, "resolution", ("string",)),
    Field("opeai.create.ratio", GUIDE_2, Operation.CREATE, "ratio", ("string",)),
    Field("opeai.create.seconds", GUIDE_2, Operation.CREATE, "seconds", TEXT_OR_NUMBER),
    Field("opeai.create.generate_audio", GUIDE_2, Operation.CREATE, "generate_audio", ("boolean",), True),
    Field("opeai.create.seed", GUIDE_2, Operation.CREATE, "seed", ("integer",)),
    Field("opeai.create.input_reference", GUIDE_1, Operation.CREATE, "input_reference", ("object",)),
    Field("opeai.create.content", GUIDE_2, Operation.CREATE, CONTENT, ("array",)),
    Field("opeai.create.content.item", GUIDE_2, Operation.CREATE, ITEM, ("object",)),
    Field("opeai.create.content.type", GUIDE_2, Operation.CREATE, f"{ITEM}.type", ("string",)),
    Field("opeai.create.content.role", GUIDE_2, Operation.CREATE, f"{ITEM}.role", ("string",)),
    Field("opeai.create.content.image_url", GUIDE_2, Operation.CREATE, f"{ITEM}.image_url", ("object",)),
    Field("opeai.create.content.video_url", GUIDE_2, Operation.CREATE, f"{ITEM}.video_url", ("object",)),
    Field("opeai.create.content.audio_url", GUIDE_2, Operation.CREATE, f"{ITEM}.audio_url", ("object",)),
)
TYPES = MappingProxyType({"image_url": MediaKind.IMAGE, "video_url": MediaKind.VIDEO, "audio_url": MediaKind.AUDIO})
ROLES = MappingProxyType(
    {
        "reference_image": (MediaKind.IMAGE, Role.REFERENCE),
        "reference_video": (MediaKind.VIDEO, Role.REFERENCE),
        "reference_audio": (MediaKind.AUDIO, Role.REFERENCE),
        "first_frame": (MediaKind.IMAGE, Role.FIRST_FRAME),
        "last_frame": (MediaKind.IMAGE, Role.LAST_FRAME),
    }
)
LAYOUT = ContentArray(CONTENT, TYPES, ROLES)

RESOLUTIONS = ("480p", "720p", "1080p")
RATIOS = ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9")
SIZES = _ark.sizes(NAME, GUIDE_7, RESOLUTIONS, RATIOS)

VISUAL = (MediaKind.IMAGE, MediaKind.VIDEO)
SCHEMES = ("https://", "http://", "data:")

IMAGE, VIDEO, AUDIO = (sample_reference(kind) for kind in MediaKind)

CREATE_RULES: tuple[Rule, ...] = (
    RequiredField(Fact("opeai.create.model.required", GUIDE_2), "model"),
    *type_rules(FIELDS[:1]),
    KnownModel(Fact("opeai.create.model.known", GUIDE_2), "model", tuple(model.name for model in MODELS)),
    RequiredField(Fact("opeai.create.prompt.required", GUIDE_2), "prompt"),
    *type_rules(FIELDS[1:]),
    AtLeastOneOf(Fact("opeai.create.size.required", GUIDE_2), "size", (("size",), ("resolution", "ratio"))),
    MutuallyExclusive(
        Fact("opeai.create.size.exclusive", GUIDE_2),
        "size",
        MappingProxyType({"resolution": "720p", "ratio": "16:9"}),
        variant="opeai.size_with_resolution",
        option="reject",
    ),
    OneOf(Fact("opeai.create.size.values", GUIDE_7), "size", tuple(size.text for size in SIZES)),
    OneOf(Fact("opeai.create.resolution.values", GUIDE_2), "resolution", RESOLUTIONS),
    OneOf(Fact("opeai.create.ratio.values", GUIDE_2), "ratio", RATIOS),
    RequiresField(Fact("opeai.create.resolution.with_ratio", GUIDE_2), "resolution", "ratio"),
    RequiresField(Fact("opeai.create.ratio.with_resolution", GUIDE_2), "ratio", "resolution"),
    ModelResolutions(
        Fact("opeai.model.seedance-2-0-fast.resolutions", GUIDE_7), "resolution", FAST, resolutions_by_name(SIZES)
    ),
    RequiredField(Fact("opeai.create.seconds.required", GUIDE_2), "seconds"),
    WholeNumber(Fact("opeai.create.seconds.whole", assumed("the guide shows whole seconds only")), "seconds"),
    NumberRange(Fact("opeai.create.seconds.range", GUIDE_3), "seconds", *_ark.SECONDS),
    NumberRange(Fact("opeai.create.seed.range", ARK), "seed", *_ark.SEEDS),
    UnsupportedField(Fact("opeai.create.seed.refused", ARK), "seed", variant="opeai.seed", option="reject"),
    RequiredField(Fact("opeai.create.content.type.required", GUIDE_2), f"{ITEM}.type"),
    OneOf(Fact("opeai.create.content.type.values", GUIDE_2), f"{ITEM}.type", tuple(TYPES)),
    ItemHasUrl(Fact("opeai.create.content.url.required", GUIDE_2), ITEM, tuple(TYPES)),
    UrlScheme(Fact("opeai.create.content.image_url.scheme", SCHEME), f"{ITEM}.image_url.url", SCHEMES, beside=(IMAGE,)),
    UrlScheme(
        Fact("opeai.create.content.video_url.scheme", SCHEME), f"{ITEM}.video_url.url",
        SCHEMES[:2], beside=(VIDEO,), elsewhere=SCHEMES[2:],
    ),
    WebUrl(
        Fact("opeai.create.content.video_url.web", ARK), f"{ITEM}.video_url.url", "https://, http://",
        "opeai.video_data", "reject", beside=(VIDEO,),
    ),
    UrlScheme(
        Fact("opeai.create.content.audio_url.scheme", SCHEME), f"{ITEM}.audio_url.url", SCHEMES, beside=(AUDIO, IMAGE)
    ),
    OneOf(Fact("opeai.create.content.role.values", COMMON), f"{ITEM}.role", tuple(ROLES)),
    RoleMatchesType(Fact("opeai.create.content.role.fits", ASSUMED), ITEM, LAYOUT.types_by_role),
    MaxReferences(Fact("opeai.create.first_frame.count", ARK), CONTENT, MediaKind.IMAGE, 1, Role.FIRST_FRAME),
    MaxReferences(Fact("opeai.create.last_frame.count", ARK), CONTENT, MediaKind.IMAGE, 1, Role.LAST_FRAME),
    LastFrameRequiresFirst(Fact("opeai.create.last_frame_needs_first", ARK), CONTENT),
    FramesExcludeReferences(Fact("opeai.create.frames_exclude_references", ARK), CONTENT),
    MaxReferences(Fact("opeai.reference.image.count", GUIDE_3), CONTENT, MediaKind.IMAGE, 9),
    MaxReferences(Fact("opeai.reference.video.count", GUIDE_3), CONTENT, MediaKind.VIDEO, 3),
    MaxReferences(Fact("opeai.reference.audio.count", GUIDE_3), CONTENT, MediaKind.AUDIO, 3),
    RequiresOtherMedia(Fact("opeai.reference.audio.anchored", GUIDE_3), CONTENT, MediaKind.AUDIO, VISUAL),
    ReachableReferences(Fact("opeai.reference.host.refused", UNREACHABLE), CONTENT, "opeai.private_hosts", "reject"),
)  # fmt: skip

ADVICE: tuple[Rule, ...] = (
    PromptLength(Fact("opeai.create.prompt.length", GUIDE_3), "prompt", *_ark.PROMPT_LENGTH),
    ReachableReferences(Fact("opeai.reference.host", UNREACHABLE), CONTENT),
)

STATED = dict.fromkeys(
    ("image.size", "video.size", "video.seconds", "video.total", "audio.size", "audio.seconds", "audio.total"), GUIDE_3
)
# The guide writes < for the bytes of all three kinds; for sides and ratios this is Ark's tutorial.
EXCLUSIVE = ("image.size", "image.side", "image.ratio", "video.size", "audio.size")
LIMITS = _ark.media_limits(NAME, ARK, STATED, EXCLUSIVE)

FORMATS = _ark.media_formats(NAME, ARK)

FRAME_RATE = Amount("opeai.content.frames_per_second", ARK, Decimal(_ark.FRAMES_PER_SECOND))

NO_PRICE = assumed("the guide names no price: USD per million tokens, settable")
# BytePlus' list price of the standard model at 480p and 720p, without video input.
TOKEN_PRICE = Amount("opeai.tokens.price", NO_PRICE, Decimal("7"))
SECONDS_SLACK = _ark.seconds_slack(NAME)
AMOUNTS = (
    TOKEN_PRICE,
    # new-api's content proxy says public, max-age=86400, whatever the service behind says.
    Amount("opeai.content.max_age", GATEWAY, Decimal(86400)),
    FRAME_RATE,
    Amount("opeai.body.megabytes", ASSUMED, Decimal(100)),
    SECONDS_SLACK,
)

LATENCY = Latency(_ark.LATENCY_P50, _ark.LATENCY_P90, assumed("as measured by another vendor of the same models"))

OPENAI = "openai"
STATUS_SPELLINGS = (
    StatusSpelling("opeai.status.created.queued", GUIDE_4, StatusContext.CREATE, TaskStatus.QUEUED, "queued"),
    StatusSpelling("opeai.status.queued", GUIDE_5, StatusContext.QUERY, TaskStatus.QUEUED, "QUEUED"),
    StatusSpelling("opeai.status.in_progress", GUIDE_5, StatusContext.QUERY, TaskStatus.IN_PROGRESS, "IN_PROGRESS"),
    StatusSpelling("opeai.status.success", GUIDE_5, StatusContext.QUERY, TaskStatus.SUCCESS, "SUCCESS"),
    StatusSpelling("opeai.status.failure", GUIDE_5, StatusContext.QUERY, TaskStatus.FAILURE, "FAILURE"),
    StatusSpelling("opeai.status.openai.queued", GATEWAY, StatusContext.QUERY, TaskStatus.QUEUED, "queued", OPENAI),
    StatusSpelling(
        "opeai.status.openai.in_progress", GATEWAY, StatusContext.QUERY, TaskStatus.IN_PROGRESS, "in_progress", OPENAI
    ),
    StatusSpelling(
        "opeai.status.openai.success", GATEWAY, StatusContext.QUERY, TaskStatus.SUCCESS, "completed", OPENAI
    ),
    StatusSpelling("opeai.status.openai.failure", GATEWAY, StatusContext.QUERY, TaskStatus.FAILURE, "failed", OPENAI),
    # Early polls show it (new-api#5045); a client that took it for an end fetched too early (ArcReel#410).
    StatusSpelling("opeai.status.alias.not_start", VENDOR_GET, StatusContext.ALIAS, TaskStatus.QUEUED, "NOT_START"),
    StatusSpelling("opeai.status.alias.submitted", VENDOR_GET, StatusContext.ALIAS, TaskStatus.QUEUED, "SUBMITTED"),
    StatusSpelling("opeai.status.alias.pending", CLIENT, StatusContext.ALIAS, TaskStatus.QUEUED, "pending"),
    StatusSpelling("opeai.status.alias.running", ARK, StatusContext.ALIAS, TaskStatus.IN_PROGRESS, "running"),
    StatusSpelling("opeai.status.alias.processing", CLIENT, StatusContext.ALIAS, TaskStatus.IN_PROGRESS, "processing"),
    # A billed success was reported as a timeout by a client that waited for another word (ArcReel#1889).
    StatusSpelling("opeai.status.alias.succeeded", ARK, StatusContext.ALIAS, TaskStatus.SUCCESS, "succeeded"),
    # Clients poll to their deadline where it is unknown (ArcReel#651).
    StatusSpelling("opeai.status.alias.expired", ARK, StatusContext.ALIAS, TaskStatus.FAILURE, "expired"),
    StatusSpelling("opeai.status.alias.cancelled", ARK, StatusContext.ALIAS, TaskStatus.FAILURE, "cancelled"),
    StatusSpelling("opeai.status.alias.canceled", CLIENT, StatusContext.ALIAS, TaskStatus.FAILURE, "canceled"),
    StatusSpelling("opeai.status.alias.error", CLIENT, StatusContext.ALIAS, TaskStatus.FAILURE, "error"),
)


SEED = Variants(
    "opeai.seed", GUIDE_2, "accept", ("accept", "ignore", "reject"),
    "seed determines the clip, is ignored, or is rejected (clients of the service behind disagree)",
)  # fmt: skip
FRAMES = _ark.frames_variant(NAME)
VARIANTS = (
    Variants(
        "opeai.errors", VENDOR_GET, "ark", ("ark", "newapi"),
        "errors in the object of the vendor's documented 404 (ark), or in those of the new-api gateway (newapi)",
    ),
    Variants(
        "opeai.status", GUIDE_5, "documented", ("documented", "openai"),
        "the guide's statuses, or OpenAI's with progress, seconds, size, completed_at and error",
    ),
    Variants(
        "opeai.size_with_resolution", GUIDE_2, "reject", ("reject", "accept"),
        "size together with resolution + ratio: rejected, or size wins (the Chinese page only advises against it)",
    ),
    _ark.media_limits_variant(NAME, ARK),
    _ark.media_size_variant(NAME),
    Variants(
        "opeai.video_data", ARK, "reject", ("reject", "accept"),
        "a reference video as a data: URI is rejected as by the service behind, or uploaded by the gateway itself",
    ),
    Variants(
        "opeai.private_hosts", UNREACHABLE, "advise", ("advise", "reject"),
        "an order with a reference on a host that no vendor can reach is accepted with an advice, or rejected",
    ),
    SEED,
    Variants(
        "opeai.failure_reason", assumed("a sibling page's schema lists error; the guide shows no failed task"),
        "error", ("error", "fail_reason", "none"), "the field that holds the reason of a failed task",
    ),
    Variants(
        "opeai.progress", GUIDE_5, "absent", ("absent", "percent"),
        "no progress in a queried task, or the gateway's text such as 50%",
    ),
    Variants(
        "opeai.range", assumed("not documented; newer gateways pass Range through"), "on", ("on", "off"),
        "content responds to Range with 206, or always with the whole clip",
    ),
    Variants(
        "opeai.no_content", GATEWAY, "502", ("502", "400"),
        "content of a succeeded task without a clip: always an error, or always not completed yet",
    ),
    FRAMES,
)  # fmt: skip

BEHAVIOURS = (
    Behaviour("opeai.auth", GUIDE_BASIC, "every request carries the key as Authorization: Bearer"),
    Behaviour("opeai.pricing", GUIDE_BASIC, "prices are on another page"),
    Behaviour("opeai.prompt.top_level", GUIDE_1, "prompt is top-level, references are in input_reference.content"),
    Behaviour("opeai.size.equivalent", GUIDE_7, "resolution + ratio is the size in the table"),
    Behaviour("opeai.seconds.text", GUIDE_2, "seconds is a string"),
    Behaviour("opeai.seconds.number", VENDOR_CREATE, "seconds is accepted as a number too"),
    KeyOrder(
        "opeai.create.response", GUIDE_4, "id, task_id (the same), object, model, status, created_at in order",
        Operation.CREATE, ("id", "task_id", "object", "model", "status", "created_at"),
    ),
    Behaviour("opeai.times", GUIDE_4, "created_at is in seconds since the epoch"),
    Behaviour("opeai.status.moves", ARK, "a task moves from queued to in progress to a terminal status"),
    Behaviour("opeai.status.final", ASSUMED, "a task that has ended does not change"),
    KeyOrder(
        # Alphabetical, as Go writes a map; the body of a create has the order of a struct (inferred from the examples).
        "opeai.query.response", GUIDE_5, "created_at, id, model, object, prompt, size, status in this order",
        Operation.QUERY, ("created_at", "id", "model", "object", "prompt", "size", "status"),
    ),
    Behaviour("opeai.content.binary", GUIDE_6, "content of a finished task is the clip itself"),
    Behaviour("opeai.content.format", GUIDE_6, "the downloaded file is an MP4 file"),
    Behaviour("opeai.content.codec", ASSUMED, "a clip's video codec is H.264 (avc1)"),
    Behaviour("opeai.content.type", VENDOR_CONTENT, "content is sent as video/mp4"),
    Behaviour("opeai.content.length", VENDOR_CONTENT, "Content-Length is the number of bytes sent"),
    Behaviour("opeai.content.unfinished", VENDOR_CONTENT, "content of a task that is not complete is an error"),
    Behaviour("opeai.content.same", LASTING, "content is the same bytes each time"),
    Behaviour("opeai.content.head", ASSUMED, "HEAD responds as GET does, without the body"),
    Behaviour("opeai.range.part", GATEWAY, "a range request gets 206, Content-Range and only its bytes"),
    Behaviour("opeai.range.condition", ASSUMED, "If-Range with an outdated validator gets the whole clip"),
    Behaviour("opeai.range.offered", ASSUMED, "Accept-Ranges states whether range requests are supported"),
    Behaviour("opeai.tasks.isolated", GATEWAY, "a task is visible to the account that created it, and to no other"),
    Behaviour("opeai.content.late", CLIENT, "content can report NOT_START for 5 to 15 seconds after success"),
    Behaviour("opeai.faces", ARK, "an image that may show a real person is rejected at create"),
    Behaviour("opeai.content.cached", VENDOR_CONTENT, "completed content has cache headers"),
    Behaviour(
        "opeai.test_order", documented("seedance-2-0 series guide, section 8"), "text, image, query, download, all"
    ),
    IdPattern(
        "opeai.task_id", observed("the guide's example id, read with its created_at"), "cgt-, UTC+8 time, 5 characters",
        # UTC+8: in the guide's example it is one second before created_at.
        ORDERS, r"cgt-(?P<time>\d{14})-[a-z0-9]{5}", 8,
    ),
    Behaviour("opeai.multipart", SDK, "multipart/form-data with bracket names is equivalent to JSON"),
    Behaviour("opeai.input_reference.file", assumed("as in OpenAI's API"), "a file part is the first frame"),
    Behaviour("opeai.model.seedance-2-0-nsfw.resolutions", NSFW, "the same resolutions as seedance-2-0"),
    Behaviour("opeai.model.seedance-2-0-nsfw.moderation", NSFW, "text moderation is relaxed, media moderation is not"),
    Behaviour("opeai.limit.megabyte", ASSUMED, "a megabyte of the limits is 1024 x 1024 bytes"),
    Behaviour("opeai.role.default", ASSUMED, "an item without a role is a reference of its kind"),
    Behaviour("opeai.create.generate_audio.default", ARK, "audio is generated unless switched off"),
    _ark.rounded_frame_rate("opeai"),
    _ark.upright_size("opeai"),
    Behaviour("opeai.unknown_fields", ASSUMED, "fields that the guide does not name are ignored"),
    Behaviour("opeai.null", ASSUMED, "a field that is null counts as absent"),
)  # fmt: skip

TEXT: Document = MappingProxyType(
    {"model": STANDARD.name, "prompt": "A paper boat crosses a puddle.", "size": "1280x720", "seconds": "4"}
)
BY_RATIO: Document = MappingProxyType(
    {
        "model": FAST.name,
        "prompt": "A paper boat crosses a puddle.",
        "resolution": "480p",
        "ratio": "1:1",
        "seconds": "4",
    }
)

CONTRACT = Contract(
    name=NAME,
    display_name="api-platform.ope.ai, seedance-2-0 series",
    bases=BASES,
    endpoints=ENDPOINTS,
    models=MODELS,
    modes=MODES,
    fields=FIELDS,
    sizes=SIZES,
    request=RequestFormat(
        layout=LAYOUT,
        examples={Operation.CREATE: (TEXT, BY_RATIO)},
        file_parts={Operation.CREATE: "input_reference"},
    ),
    rules={Operation.CREATE: CREATE_RULES},
    advice=ADVICE,
    limits=LIMITS,
    formats=FORMATS,
    tariffs=(),
    amounts=AMOUNTS,
    status_spellings=STATUS_SPELLINGS,
    errors=ERRORS,
    fail_codes=CODES,
    variants=VARIANTS,
    behaviours=BEHAVIOURS,
    response_fields=RESPONSE_FIELDS,
    response=ResponseFormat(
        id_paths=("id", "task_id"),
        status_paths=("status",),
        failure_code_paths=("error.code",),
        failure_message_paths=("error.message", "fail_reason"),
        created_paths=("created_at",),
        completed_paths=("completed_at",),
        envelopes=ENVELOPES,
    ),
    frame_rate=FRAME_RATE,
    latency=LATENCY,
    token_bill=_ark.TOKEN_BILL,
    token_price=TOKEN_PRICE,
    seconds_slack=SECONDS_SLACK,
    seeds=SEED,
    frames=FRAMES,
)

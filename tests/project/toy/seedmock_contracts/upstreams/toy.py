"""Contract of an upstream that does not exist: what a new upstream has to say, and nothing else.

It differs from the real ones wherever one can: paths, names, the form of ids, a prompt inside an array of items, one
link as a string, a cancel operation, a list of tasks, statuses for what was cancelled or has expired, and an asset
library of props on racks, whose ids are in the paths and whose kinds and statuses are other words.
"""

from __future__ import annotations

from decimal import Decimal

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import ContentArray
from seedmock_contracts.enums import (
    ORDERS,
    AssetStatus,
    ErrorKind,
    MediaKind,
    Mode,
    Operation,
    Role,
    StatusContext,
    TaskStatus,
)
from seedmock_contracts.facts import (
    Amount,
    BaseUrl,
    Behaviour,
    Endpoint,
    ErrorCase,
    Fact,
    FailCode,
    Field,
    MediaLimit,
    ModeFact,
    Model,
    ResponseField,
    Size,
    StatusSpelling,
    Tariff,
    documented,
)
from seedmock_contracts.request_format import RequestFormat
from seedmock_contracts.response_format import Envelope, IdPattern, ResponseFormat
from seedmock_contracts.rules.cross_field import ItemHasUrl, MaxReferences
from seedmock_contracts.rules.fields import (
    KnownModel,
    NumberRange,
    OneOf,
    RequiredField,
    RequiredItem,
    UrlScheme,
    WholeNumber,
    type_rules,
)
from seedmock_contracts.terms import AssetTerms
from seedmock_contracts.timing import Latency

NAME = "toy"
PAGE = documented("the page of the toy")
CREATE, QUERY, CANCEL, LIST = Operation.CREATE, Operation.QUERY, Operation.CANCEL, Operation.TASK_LIST
PROP_CREATE, PROP_GET, PROP_LIST = Operation.ASSET_CREATE, Operation.ASSET_GET, Operation.ASSET_LIST
PROP_UPDATE, PROP_DELETE = Operation.ASSET_UPDATE, Operation.ASSET_DELETE
RACK_CREATE, RACK_LIST, RACK_DELETE = Operation.GROUP_CREATE, Operation.GROUP_LIST, Operation.GROUP_DELETE
TEXT, WHOLE = ("string",), ("integer",)

FINE = Model("toy.model.fine", PAGE, "kiln-2", "standard", ("480p", "720p"))
QUICK = Model("toy.model.quick", PAGE, "kiln-2-quick", "fast", ("480p",))
SIZES = (
    Size("toy.size.480p.16:9", PAGE, "480p", "16:9", 864, 496),
    Size("toy.size.480p.1:1", PAGE, "480p", "1:1", 640, 640),
    Size("toy.size.720p.16:9", PAGE, "720p", "16:9", 1280, 720),
)
TARIFFS = (
    Tariff("toy.tariff.fine.720p", PAGE, FINE.name, "720p", Decimal("0.2")),
    Tariff("toy.tariff.fine.480p", PAGE, FINE.name, "480p", Decimal("0.1")),
    Tariff("toy.tariff.quick.480p", PAGE, QUICK.name, "480p", Decimal("0.05")),
)
ENDPOINTS = (
    Endpoint("toy.create", PAGE, CREATE, "POST", "/jobs"),
    Endpoint("toy.query", PAGE, QUERY, "GET", "/jobs/{task_id}"),
    Endpoint("toy.cancel", PAGE, CANCEL, "DELETE", "/jobs/{task_id}"),
    Endpoint("toy.list", PAGE, LIST, "GET", "/jobs"),
    Endpoint("toy.racks.create", PAGE, RACK_CREATE, "POST", "/racks"),
    Endpoint("toy.racks.list", PAGE, RACK_LIST, "GET", "/racks"),
    Endpoint("toy.racks.delete", PAGE, RACK_DELETE, "DELETE", "/racks/{rack}"),
    Endpoint("toy.props.create", PAGE, PROP_CREATE, "POST", "/props"),
    Endpoint("toy.props.get", PAGE, PROP_GET, "GET", "/props/{prop}"),
    Endpoint("toy.props.list", PAGE, PROP_LIST, "GET", "/props"),
    Endpoint("toy.props.update", PAGE, PROP_UPDATE, "PATCH", "/props/{prop}"),
    Endpoint("toy.props.delete", PAGE, PROP_DELETE, "DELETE", "/props/{prop}"),
)
FIELDS = (
    Field("toy.create.engine", PAGE, CREATE, "engine", TEXT),
    Field("toy.create.inputs", PAGE, CREATE, "inputs", ("array",)),
    Field("toy.create.inputs.item", PAGE, CREATE, "inputs[]", ("object",)),
    Field("toy.create.inputs.type", PAGE, CREATE, "inputs[].type", TEXT),
    Field("toy.create.inputs.text", PAGE, CREATE, "inputs[].text", TEXT),
    Field("toy.create.inputs.image", PAGE, CREATE, "inputs[].image", ("object",)),
    Field("toy.create.inputs.role", PAGE, CREATE, "inputs[].role", TEXT),
    Field("toy.create.frame", PAGE, CREATE, "frame", TEXT),
    Field("toy.create.length", PAGE, CREATE, "length", WHOLE, 5),
    Field("toy.create.sound", PAGE, CREATE, "sound", ("boolean",), True),
    Field("toy.create.seed", PAGE, CREATE, "seed", WHOLE),
)
LIBRARY_FIELDS = {
    RACK_CREATE: (Field("toy.racks.create.title", PAGE, RACK_CREATE, "title", TEXT),),
    PROP_CREATE: (
        Field("toy.props.create.source", PAGE, PROP_CREATE, "source", TEXT),
        Field("toy.props.create.form", PAGE, PROP_CREATE, "form", TEXT),
        Field("toy.props.create.label", PAGE, PROP_CREATE, "label", TEXT),
        Field("toy.props.create.rack", PAGE, PROP_CREATE, "rack", TEXT),
    ),
    PROP_LIST: (
        Field("toy.props.list.sheet", PAGE, PROP_LIST, "sheet", TEXT),
        Field("toy.props.list.per_sheet", PAGE, PROP_LIST, "per_sheet", TEXT),
        Field("toy.props.list.rack", PAGE, PROP_LIST, "rack", TEXT),
    ),
    PROP_UPDATE: (Field("toy.props.update.label", PAGE, PROP_UPDATE, "label", TEXT),),
}
FORMS = {MediaKind.IMAGE: "still", MediaKind.VIDEO: "motion", MediaKind.AUDIO: "tone"}
PROP_STATUSES = {AssetStatus.PROCESSING: "drying", AssetStatus.ACTIVE: "ready", AssetStatus.FAILED: "cracked"}
TYPES = {"image": MediaKind.IMAGE}
ROLES = {"start": (MediaKind.IMAGE, Role.FIRST_FRAME)}
RULES = (
    RequiredField(Fact("toy.create.engine.required", PAGE), "engine"),
    *type_rules(FIELDS),
    KnownModel(Fact("toy.create.engine.known", PAGE), "engine", (FINE.name, QUICK.name)),
    RequiredItem(Fact("toy.create.inputs.text.required", PAGE), "inputs[].text"),
    RequiredField(Fact("toy.create.inputs.type.required", PAGE), "inputs[].type"),
    OneOf(Fact("toy.create.inputs.type.values", PAGE), "inputs[].type", ("text", *TYPES)),
    ItemHasUrl(Fact("toy.create.inputs.url.required", PAGE), "inputs[]", tuple(TYPES)),
    UrlScheme(
        Fact("toy.create.inputs.url.scheme", PAGE), "inputs[].image.url", ("https://", "http://", "data:", "asset://")
    ),
    RequiredField(Fact("toy.create.frame.required", PAGE), "frame"),
    OneOf(Fact("toy.create.frame.values", PAGE), "frame", tuple(size.text for size in SIZES)),
    NumberRange(Fact("toy.create.length.range", PAGE), "length", 3, 12),
    NumberRange(Fact("toy.create.seed.range", PAGE), "seed", 0, 2**31 - 1),
    MaxReferences(Fact("toy.create.start.count", PAGE), "inputs", MediaKind.IMAGE, 1, Role.FIRST_FRAME),
)

LIBRARY_RULES = {
    RACK_CREATE: (
        *type_rules(LIBRARY_FIELDS[RACK_CREATE]),
        RequiredField(Fact("toy.racks.create.title.required", PAGE), "title"),
    ),
    PROP_CREATE: (
        *type_rules(LIBRARY_FIELDS[PROP_CREATE]),
        RequiredField(Fact("toy.props.create.source.required", PAGE), "source"),
        UrlScheme(Fact("toy.props.create.source.scheme", PAGE), "source", ("https://", "http://")),
        RequiredField(Fact("toy.props.create.form.required", PAGE), "form"),
        OneOf(Fact("toy.props.create.form.values", PAGE), "form", tuple(FORMS.values())),
        RequiredField(Fact("toy.props.create.rack.required", PAGE), "rack"),
    ),
    PROP_LIST: (
        WholeNumber(Fact("toy.props.list.sheet.whole", PAGE), "sheet"),
        NumberRange(Fact("toy.props.list.sheet.range", PAGE), "sheet", 1),
        WholeNumber(Fact("toy.props.list.per_sheet.whole", PAGE), "per_sheet"),
        NumberRange(Fact("toy.props.list.per_sheet.range", PAGE), "per_sheet", 1, 40),
    ),
    PROP_UPDATE: (
        *type_rules(LIBRARY_FIELDS[PROP_UPDATE]),
        RequiredField(Fact("toy.props.update.label.required", PAGE), "label"),
    ),
}
LIBRARY_EXAMPLES = {
    RACK_CREATE: ({"title": "boats"},),
    PROP_CREATE: ({"source": "https://example.com/boat.png", "form": "still", "label": "boat", "rack": "RK1"},),
    PROP_LIST: ({"sheet": "1", "per_sheet": "8"},),
    PROP_UPDATE: ({"label": "kite"},),
}

SPELLINGS = {
    TaskStatus.QUEUED: "waiting",
    TaskStatus.IN_PROGRESS: "working",
    TaskStatus.SUCCESS: "done",
    TaskStatus.FAILURE: "broken",
    TaskStatus.CANCELLED: "withdrawn",
    TaskStatus.EXPIRED: "timed_out",
}
STATUS_SPELLINGS = (
    StatusSpelling("toy.status.created", PAGE, StatusContext.CREATE, TaskStatus.QUEUED, "waiting"),
    *(
        StatusSpelling(f"toy.status.{status.lower()}", PAGE, StatusContext.QUERY, status, spelling)
        for status, spelling in SPELLINGS.items()
    ),
)
SUCCEEDED, FAILED = (TaskStatus.SUCCESS,), (TaskStatus.FAILURE, TaskStatus.EXPIRED)
PROP = (
    ("ref", TEXT, True),
    ("phase", TEXT, True),
    ("label", TEXT, True),
    ("form", TEXT, True),
    ("uri", TEXT, True),
    ("source", TEXT, True),
    ("rack", TEXT, True),
    ("made", WHOLE, True),
    ("trouble", ("object",), False),
    ("trouble.reason", TEXT, True),
    ("trouble.text", TEXT, True),
)
RESPONSE_FIELDS = (
    *(
        ResponseField(f"toy.{operation}.response.{name}", PAGE, operation, f"job.{name}", types)
        for operation in (CREATE, QUERY, CANCEL)
        for name, types in (("ref", TEXT), ("phase", TEXT), ("engine", TEXT), ("made", WHOLE))
    ),
    ResponseField("toy.query.response.clip", PAGE, QUERY, "job.clip", ("object",), SUCCEEDED),
    ResponseField("toy.query.response.clip.href", PAGE, QUERY, "job.clip.href", TEXT, SUCCEEDED),
    ResponseField("toy.query.response.trouble", PAGE, QUERY, "job.trouble", ("object",), FAILED),
    ResponseField("toy.query.response.trouble.reason", PAGE, QUERY, "job.trouble.reason", TEXT, FAILED),
    ResponseField("toy.query.response.trouble.text", PAGE, QUERY, "job.trouble.text", TEXT, FAILED),
    ResponseField("toy.list.response.jobs", PAGE, LIST, "job.all", ("array",)),
    *(
        ResponseField(f"toy.list.response.jobs.{name}", PAGE, LIST, f"job.all[].{name}", types)
        for name, types in (("ref", TEXT), ("phase", TEXT), ("engine", TEXT), ("made", WHOLE))
    ),
    *(
        ResponseField(f"toy.list.response.jobs.{name}", PAGE, LIST, f"job.all[].{name}", types, (), needed)
        for name, types, needed in (
            ("clip", ("object",), False),
            ("clip.href", TEXT, True),
            ("trouble", ("object",), False),
            ("trouble.reason", TEXT, True),
            ("trouble.text", TEXT, True),
        )
    ),
    *(
        ResponseField(f"toy.props.{name}.response.{field}", PAGE, operation, f"job.{field}", types, (), needed)
        for name, operation in (("create", PROP_CREATE), ("get", PROP_GET))
        for field, types, needed in PROP
    ),
    ResponseField("toy.props.list.response.props", PAGE, PROP_LIST, "job.props", ("array",)),
    *(
        ResponseField(f"toy.props.list.response.{name}", PAGE, PROP_LIST, f"job.props[].{name}", types, (), needed)
        for name, types, needed in PROP
    ),
    *(
        ResponseField(f"toy.props.list.response.sheet.{name}", PAGE, PROP_LIST, f"job.{name}", WHOLE)
        for name in ("count", "sheet", "per_sheet")
    ),
    ResponseField("toy.props.update.response.ref", PAGE, PROP_UPDATE, "job.ref", TEXT),
    ResponseField("toy.props.update.response.label", PAGE, PROP_UPDATE, "job.label", TEXT),
    ResponseField("toy.props.delete.response.job", PAGE, PROP_DELETE, "job", ("object",)),
    ResponseField("toy.racks.create.response.ref", PAGE, RACK_CREATE, "job.ref", TEXT, pattern=r"RK\d+"),
    ResponseField("toy.racks.create.response.tag", PAGE, RACK_CREATE, "job.tag", TEXT, pattern="tag [0-9A-F]{6}"),
    ResponseField("toy.racks.list.response.racks", PAGE, RACK_LIST, "job.racks", ("array",)),
    *(
        ResponseField(f"toy.racks.list.response.racks.{name}", PAGE, RACK_LIST, f"job.racks[].{name}", TEXT)
        for name in ("ref", "tag", "title")
    ),
    ResponseField("toy.racks.delete.response.job", PAGE, RACK_DELETE, "job", ("object",)),
    ResponseField("toy.error_response.problem", PAGE, None, "problem", ("object",), envelope="problem"),
    ResponseField("toy.error_response.reason", PAGE, None, "problem.reason", TEXT, envelope="problem"),
    ResponseField("toy.error_response.text", PAGE, None, "problem.text", TEXT, envelope="problem"),
    ResponseField("toy.error_response.where", PAGE, None, "problem.where", TEXT, envelope="problem"),
)  # fmt: skip

STATUSES = {
    ErrorKind.AUTHENTICATION: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.BALANCE: 402,
    ErrorKind.MODERATION_INPUT: 451,
    ErrorKind.MODERATION_OUTPUT: 200,
    ErrorKind.TASK_FAILED: 200,
    ErrorKind.ASSET_REFUSED: 422,
    ErrorKind.TASK_NOT_FOUND: 404,
    ErrorKind.ASSET_NOT_FOUND: 404,
    ErrorKind.GROUP_NOT_FOUND: 404,
    ErrorKind.CONTENT_NOT_FOUND: 404,
    ErrorKind.ROUTE_NOT_FOUND: 404,
    ErrorKind.STATE_CONFLICT: 409,
    ErrorKind.LINK_EXPIRED: 410,
    ErrorKind.PRECONDITION_FAILED: 412,
    ErrorKind.RANGE_NOT_SATISFIABLE: 416,
    ErrorKind.METHOD_NOT_ALLOWED: 405,
    ErrorKind.BODY_TOO_LARGE: 413,
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorKind.REQUEST_TIMEOUT: 408,
    ErrorKind.RATE_LIMIT: 429,
    ErrorKind.UPSTREAM_FAILED: 502,
    ErrorKind.OVERLOADED: 503,
}
ERRORS = tuple(
    ErrorCase(f"toy.error.{kind}", PAGE, kind, STATUSES.get(kind, 400), str(kind), "{detail}", envelope="problem")
    for kind in ErrorKind
)
CODES = (
    FailCode("toy.code.text", PAGE, ErrorKind.MODERATION_INPUT, "bad_text", "the text is not allowed", "text"),
    FailCode("toy.code.face", PAGE, ErrorKind.MODERATION_INPUT, "face", "there is a face", "face"),
    FailCode("toy.code.output", PAGE, ErrorKind.MODERATION_OUTPUT, "bad_clip", "the clip is not allowed", "video"),
    FailCode("toy.code.crash", PAGE, ErrorKind.TASK_FAILED, "crash", "the kiln broke", "", True),
    FailCode("toy.code.late", PAGE, ErrorKind.TASK_FAILED, "late", "the job waited too long", "expired", True),
    FailCode("toy.code.form", PAGE, ErrorKind.ASSET_REFUSED, "wrong_form", "the prop has another form", "type"),
    FailCode("toy.code.prop", PAGE, ErrorKind.ASSET_REFUSED, "bad_prop", "the prop is not usable"),
)

PROPS = AssetTerms(
    fee=Amount("toy.prop.cost", PAGE, Decimal("0.03")),
    processing_seconds=Amount("toy.prop.drying", PAGE, Decimal(2)),
    kinds=FORMS,
    statuses=PROP_STATUSES,
)

CONTRACT = Contract(
    name=NAME,
    display_name="the toy",
    bases=(BaseUrl("toy.base", PAGE, "https://kiln.toy.example", "/kiln/v3"),),
    endpoints=ENDPOINTS,
    models=(FINE, QUICK),
    modes=(
        ModeFact("toy.mode.text", PAGE, Mode.TEXT, ()),
        ModeFact("toy.mode.start", PAGE, Mode.FIRST_FRAME, (Role.FIRST_FRAME,)),
    ),
    fields=(*FIELDS, *(field for fields in LIBRARY_FIELDS.values() for field in fields)),
    sizes=SIZES,
    request=RequestFormat(
        layout=ContentArray("inputs", TYPES, ROLES, others=frozenset({"text"})),
        examples={
            CREATE: (
                {
                    "engine": FINE.name,
                    "inputs": [{"type": "text", "text": "A paper boat crosses a puddle."}],
                    "frame": "864x496",
                    "length": 3,
                },
            ),
            **LIBRARY_EXAMPLES,
        },
        paths={
            "model": "engine",
            "prompt": "inputs[].text",
            "size": "frame",
            "seconds": "length",
            "generate_audio": "sound",
            "group": "rack",
            "name": "label",
            "group_create.name": "title",
            "asset_create.url": "source",
            "asset_type": "form",
            "page": "sheet",
            "page_size": "per_sheet",
        },
        skeleton={"inputs": [{"type": "text"}]},
    ),
    rules={CREATE: RULES, **LIBRARY_RULES},
    limits=(MediaLimit("toy.limit.image", PAGE, MediaKind.IMAGE, "size_bytes", high=10_000_000),),
    tariffs=TARIFFS,
    status_spellings=STATUS_SPELLINGS,
    errors=ERRORS,
    fail_codes=CODES,
    behaviours=(
        Behaviour("toy.auth", PAGE, "every request carries the key as Authorization: Bearer"),
        Behaviour("toy.status.moves", PAGE, "a job only moves on"),
        IdPattern("toy.task_id", PAGE, "KJ and twelve hexadecimal digits", ORDERS, r"KJ[0-9A-F]{12}"),
        IdPattern("toy.prop_id", PAGE, "PR and eight hexadecimal digits", (PROP_CREATE,), r"PR[0-9A-F]{8}"),
        Behaviour("toy.tasks.isolated", PAGE, "a job is visible to the key that ordered it"),
        Behaviour("toy.assets.isolated", PAGE, "a prop is visible to the key that made it"),
        Behaviour("toy.assets.purpose", PAGE, "a job can start from a prop"),
        Behaviour("toy.assets.usable", PAGE, "a job with a prop that is gone or cracked fails"),
        Behaviour("toy.assets.poll", PAGE, "a prop is drying until it is ready"),
        Behaviour("toy.assets.url", PAGE, "uri is asset:// followed by the prop's ref"),
        Behaviour("toy.assets.list.paged", PAGE, "props are listed by the sheet"),
        Behaviour("toy.assets.update.rename", PAGE, "an update gives a prop another label"),
        Behaviour("toy.assets.create.name.default", PAGE, "a prop needs no label"),
        Behaviour("toy.groups.list.own", PAGE, "racks of this key are listed"),
        Behaviour("toy.groups.delete.cascade", PAGE, "a rack goes with its props"),
    ),
    response_fields=RESPONSE_FIELDS,
    response=ResponseFormat(
        envelope_key="job",
        id_paths=("ref",),
        status_paths=("phase",),
        link_paths=("clip.href",),
        list_path="all",
        failure_code_paths=("trouble.reason",),
        failure_message_paths=("trouble.text",),
        created_paths=("made",),
        paths={
            "model": "engine",
            "name": "label",
            "asset_type": "form",
            "asset_url": "uri",
            "url": "source",
            "group": "rack",
            "group_name": "tag",
            "asset_error": "trouble",
            "asset_error_code": "trouble.reason",
            "asset_error_message": "trouble.text",
            "assets": "props",
            "groups": "racks",
            "total": "count",
            "page": "sheet",
            "page_size": "per_sheet",
        },
        envelopes=(
            Envelope(
                "problem",
                (("problem.reason", "code"), ("problem.text", "message"), ("problem.where", "field")),
            ),
        ),
    ),
    frame_rate=Amount("toy.frame_rate", PAGE, Decimal(24)),
    latency=Latency(20, 60, PAGE),
    assets=PROPS,
    result_days=Amount("toy.result.days", PAGE, Decimal(2)),
)

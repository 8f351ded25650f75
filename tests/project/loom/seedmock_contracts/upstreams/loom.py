"""Contract of an upstream that does not exist, as unlike the toy as one can be.

Ids are numbers, statuses are words with spaces, errors have numbers of their own, orders name a shape and no size, a
query names the task in its query string and every other call in its path, and a cancel is a POST without a body. It has
no references, no links, no list, no callbacks, and neither sound nor seeds.
"""

from __future__ import annotations

from decimal import Decimal

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import FlatFields
from seedmock_contracts.enums import ORDERS, ErrorKind, Mode, Operation, StatusContext, TaskStatus
from seedmock_contracts.facts import (
    Amount,
    BaseUrl,
    Behaviour,
    Endpoint,
    ErrorCase,
    Fact,
    FailCode,
    Field,
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
from seedmock_contracts.rules.fields import KnownModel, NumberRange, OneOf, RequiredField, required_rule, type_rules
from seedmock_contracts.timing import Latency

NAME = "loom"
PAGE = documented("the page of the loom")
CREATE, QUERY, CONTENT, CANCEL = Operation.CREATE, Operation.QUERY, Operation.CONTENT, Operation.CANCEL
TEXT, WHOLE = ("string",), ("integer",)

SILK = Model("loom.model.silk", PAGE, "silk", "standard", ("720p",))
HEMP = Model("loom.model.hemp", PAGE, "hemp", "fast", ("480p",))
SIZES = (
    Size("loom.size.480p.16:9", PAGE, "480p", "16:9", 864, 496),
    Size("loom.size.480p.1:1", PAGE, "480p", "1:1", 640, 640),
    Size("loom.size.720p.16:9", PAGE, "720p", "16:9", 1280, 720),
    Size("loom.size.720p.1:1", PAGE, "720p", "1:1", 960, 960),
)
TARIFFS = (
    Tariff("loom.tariff.silk", PAGE, SILK.name, "720p", Decimal("0.2")),
    Tariff("loom.tariff.hemp", PAGE, HEMP.name, "480p", Decimal("0.1")),
)
ENDPOINTS = (
    Endpoint("loom.create", PAGE, CREATE, "POST", "/weaves"),
    Endpoint("loom.query", PAGE, QUERY, "GET", "/weaves"),
    Endpoint("loom.content", PAGE, CONTENT, "GET", "/weaves/{weave}/film"),
    Endpoint("loom.cancel", PAGE, CANCEL, "POST", "/weaves/{weave}/stop"),
)
FIELDS = (
    Field("loom.create.thread", PAGE, CREATE, "thread", TEXT),
    Field("loom.create.words", PAGE, CREATE, "words", TEXT),
    Field("loom.create.shape", PAGE, CREATE, "shape", TEXT),
    Field("loom.create.length", PAGE, CREATE, "length", WHOLE),
    Field("loom.query.number", PAGE, QUERY, "number", TEXT),
)
RULES = {
    CREATE: (
        RequiredField(Fact("loom.create.thread.required", PAGE), "thread"),
        *type_rules(FIELDS[:4]),
        KnownModel(Fact("loom.create.thread.known", PAGE), "thread", (SILK.name, HEMP.name)),
        RequiredField(Fact("loom.create.words.required", PAGE), "words"),
        RequiredField(Fact("loom.create.shape.required", PAGE), "shape"),
        OneOf(Fact("loom.create.shape.values", PAGE), "shape", ("16:9", "1:1")),
        RequiredField(Fact("loom.create.length.required", PAGE), "length"),
        NumberRange(Fact("loom.create.length.range", PAGE), "length", 2, 9),
    ),
    QUERY: (required_rule(FIELDS[4], PAGE),),
}

SPELLINGS = {
    TaskStatus.QUEUED: "in the queue",
    TaskStatus.IN_PROGRESS: "on the loom",
    TaskStatus.SUCCESS: "all woven",
    TaskStatus.FAILURE: "torn apart",
    TaskStatus.CANCELLED: "taken off",
}
STATUS_SPELLINGS = (
    StatusSpelling("loom.status.created", PAGE, StatusContext.CREATE, TaskStatus.QUEUED, "in the queue"),
    *(
        StatusSpelling(f"loom.status.{status.lower()}", PAGE, StatusContext.QUERY, status, spelling)
        for status, spelling in SPELLINGS.items()
    ),
    StatusSpelling("loom.status.alias.soon", PAGE, StatusContext.ALIAS, TaskStatus.QUEUED, "won't be long"),
)
TASK_FIELDS = (("number", WHOLE), ("state", TEXT), ("thread", TEXT), ("shape", TEXT), ("length", WHOLE))
FAILED = (TaskStatus.FAILURE,)
RESPONSE_FIELDS = (
    *(
        ResponseField(f"loom.{operation}.response.{name}", PAGE, operation, f"weave.{name}", types)
        for operation in (CREATE, QUERY, CANCEL)
        for name, types in TASK_FIELDS
    ),
    *(ResponseField(f"loom.{o}.response.ok", PAGE, o, "ok", ("boolean",)) for o in (CREATE, QUERY, CANCEL)),
    ResponseField("loom.query.response.tear", PAGE, QUERY, "weave.tear", ("object",), FAILED),
    ResponseField("loom.query.response.tear.sign", PAGE, QUERY, "weave.tear.sign", TEXT, FAILED),
    ResponseField("loom.query.response.tear.why", PAGE, QUERY, "weave.tear.why", TEXT, FAILED),
    ResponseField("loom.error_response.ok", PAGE, None, "ok", ("boolean",), envelope="knot"),
    ResponseField("loom.error_response.knot", PAGE, None, "knot", ("object",), envelope="knot"),
    ResponseField("loom.error_response.number", PAGE, None, "knot.number", WHOLE, envelope="knot"),
    ResponseField("loom.error_response.why", PAGE, None, "knot.why", TEXT, envelope="knot"),
    ResponseField("loom.error_response.thread", PAGE, None, "knot.at", TEXT, envelope="knot"),
)

STATUSES = {
    ErrorKind.AUTHENTICATION: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.BALANCE: 402,
    ErrorKind.MODERATION_OUTPUT: 200,
    ErrorKind.TASK_FAILED: 409,
    ErrorKind.NOT_READY: 409,
    ErrorKind.TASK_NOT_FOUND: 404,
    ErrorKind.ASSET_NOT_FOUND: 404,
    ErrorKind.GROUP_NOT_FOUND: 404,
    ErrorKind.CONTENT_NOT_FOUND: 404,
    ErrorKind.ROUTE_NOT_FOUND: 404,
    ErrorKind.STATE_CONFLICT: 409,
    ErrorKind.LINK_EXPIRED: 410,
    ErrorKind.RANGE_NOT_SATISFIABLE: 416,
    ErrorKind.PRECONDITION_FAILED: 412,
    ErrorKind.METHOD_NOT_ALLOWED: 405,
    ErrorKind.BODY_TOO_LARGE: 413,
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorKind.REQUEST_TIMEOUT: 408,
    ErrorKind.RATE_LIMIT: 429,
    ErrorKind.UPSTREAM_FAILED: 502,
    ErrorKind.OVERLOADED: 503,
}
ERRORS = tuple(
    ErrorCase(f"loom.error.{kind}", PAGE, kind, STATUSES.get(kind, 400), number, "{detail}", envelope="knot")
    for number, kind in enumerate(ErrorKind, 7001)
)
CODES = (
    FailCode("loom.code.text", PAGE, ErrorKind.MODERATION_INPUT, "K1", "the words are not allowed", "text"),
    FailCode("loom.code.output", PAGE, ErrorKind.MODERATION_OUTPUT, "K2", "the film is not allowed", "video"),
    FailCode("loom.code.torn", PAGE, ErrorKind.TASK_FAILED, "K3", "the thread broke", "", True),
)

CONTRACT = Contract(
    name=NAME,
    display_name="the loom",
    bases=(BaseUrl("loom.base", PAGE, "https://loom.example", "/mill"),),
    endpoints=ENDPOINTS,
    models=(SILK, HEMP),
    modes=(ModeFact("loom.mode.text", PAGE, Mode.TEXT, ()),),
    fields=FIELDS,
    sizes=SIZES,
    request=RequestFormat(
        layout=FlatFields(()),
        examples={
            CREATE: ({"thread": HEMP.name, "words": "A paper boat.", "shape": "16:9", "length": 2},),
            QUERY: ({"number": "5000001"},),
        },
        paths={"task": "number", "model": "thread", "prompt": "words", "ratio": "shape", "seconds": "length"},
    ),
    rules=RULES,
    tariffs=TARIFFS,
    status_spellings=STATUS_SPELLINGS,
    errors=ERRORS,
    fail_codes=CODES,
    behaviours=(
        Behaviour("loom.auth", PAGE, "every request carries the key as Authorization: Bearer"),
        Behaviour("loom.status.moves", PAGE, "a weave only moves on"),
        Behaviour("loom.tasks.isolated", PAGE, "a weave is visible to the key that ordered it"),
        Behaviour("loom.content.format", PAGE, "a film is an MP4 file"),
        Behaviour("loom.content.codec", PAGE, "a film's video codec is H.264"),
        Behaviour("loom.content.type", PAGE, "a film is sent as video/mp4"),
        IdPattern("loom.task_id", PAGE, "a number of seven digits", ORDERS, r"5\d{6}"),
    ),
    response_fields=RESPONSE_FIELDS,
    response=ResponseFormat(
        envelope_key="weave",
        id_paths=("number",),
        status_paths=("state",),
        failure_code_paths=("tear.sign",),
        failure_message_paths=("tear.why",),
        paths={"model": "thread", "seconds": "length"},
        envelopes=(Envelope("knot", (("knot.number", "code"), ("knot.why", "message"), ("knot.at", "field"))),),
    ),
    frame_rate=Amount("loom.frame_rate", PAGE, Decimal(24)),
    latency=Latency(20, 60, PAGE),
)

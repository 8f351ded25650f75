"""Asset library of apimodels: groups and assets, which generations refer to as `asset://id`."""

from __future__ import annotations

from decimal import Decimal

from ...enums import MediaKind, Operation
from ...facts import Amount, Behaviour, Document, Endpoint, Evidence, Fact, Field
from ...response_format import IdPattern, ResponseStatement
from ...rules.fields import (
    MaxLength,
    NumberRange,
    OneOf,
    RequiredField,
    UrlScheme,
    WholeNumber,
    required_rule,
    type_rules,
)
from ...rules.rule import Rule
from ...terms import AssetTerms
from .. import _ark
from .sources import ARK, ASSUMED, CLIENT, IN_EXAMPLES, LIKE_ARK, PAGE_ASSETS, SCHEME
from .variants import FIRST_STATUS, GROUP_LISTING

ENDPOINTS = (
    Endpoint("apimodels.groups.create", PAGE_ASSETS, Operation.GROUP_CREATE, "POST", "/assets/groups"),
    Endpoint("apimodels.groups.list", PAGE_ASSETS, Operation.GROUP_LIST, "GET", "/assets/groups"),
    Endpoint("apimodels.assets.create", PAGE_ASSETS, Operation.ASSET_CREATE, "POST", "/assets"),
    Endpoint("apimodels.assets.get", PAGE_ASSETS, Operation.ASSET_GET, "POST", "/assets/get"),
    Endpoint("apimodels.assets.list", PAGE_ASSETS, Operation.ASSET_LIST, "POST", "/assets/list"),
    Endpoint("apimodels.assets.update", PAGE_ASSETS, Operation.ASSET_UPDATE, "POST", "/assets/update"),
    Endpoint("apimodels.assets.delete", PAGE_ASSETS, Operation.ASSET_DELETE, "POST", "/assets/delete"),
    Endpoint("apimodels.groups.delete", PAGE_ASSETS, Operation.GROUP_DELETE, "POST", "/assets/groups/delete"),
)

TEXT = ("string",)
NUMBER = ("number", "string")
GROUP_ID = ("integer", "string")
FIELDS = (
    Field("apimodels.groups.create.name", PAGE_ASSETS, Operation.GROUP_CREATE, "name", TEXT),
    Field("apimodels.assets.create.url", PAGE_ASSETS, Operation.ASSET_CREATE, "url", TEXT),
    Field("apimodels.assets.create.asset_type", PAGE_ASSETS, Operation.ASSET_CREATE, "asset_type", TEXT),
    Field("apimodels.assets.create.name", PAGE_ASSETS, Operation.ASSET_CREATE, "name", TEXT, ""),
    Field("apimodels.assets.create.group_id", PAGE_ASSETS, Operation.ASSET_CREATE, "group_id", GROUP_ID),
    Field("apimodels.assets.get.id", PAGE_ASSETS, Operation.ASSET_GET, "id", TEXT),
    # The page says "paginated" and names no field; Ark's ListAssets has 10 rows on a page by default, 100 at most.
    Field("apimodels.assets.list.page", ASSUMED, Operation.ASSET_LIST, "page", NUMBER, 1),
    Field("apimodels.assets.list.page_size", ASSUMED, Operation.ASSET_LIST, "page_size", NUMBER, 10),
    Field("apimodels.assets.list.group_id", ASSUMED, Operation.ASSET_LIST, "group_id", GROUP_ID),
    Field("apimodels.assets.update.id", ASSUMED, Operation.ASSET_UPDATE, "id", TEXT),
    Field("apimodels.assets.update.name", ASSUMED, Operation.ASSET_UPDATE, "name", TEXT),
    Field("apimodels.assets.delete.id", ASSUMED, Operation.ASSET_DELETE, "id", TEXT),
    Field("apimodels.groups.delete.id", ASSUMED, Operation.GROUP_DELETE, "id", GROUP_ID),
)

PUBLIC = ("https://", "http://")
KINDS = {MediaKind.IMAGE: "Image", MediaKind.VIDEO: "Video", MediaKind.AUDIO: "Audio"}
# Of Ark's CreateAsset and CreateAssetGroup.
NAME_LENGTH = 64


def _of(operation: Operation) -> tuple[Field, ...]:
    return tuple(field for field in FIELDS if field.operation is operation)


def _required(operation: Operation, path: str, evidence: Evidence) -> RequiredField:
    return required_rule(next(field for field in _of(operation) if field.path == path), evidence)


RULES: dict[Operation, tuple[Rule, ...]] = {
    Operation.GROUP_CREATE: (
        *type_rules(_of(Operation.GROUP_CREATE)),
        _required(Operation.GROUP_CREATE, "name", IN_EXAMPLES),
        MaxLength(Fact("apimodels.groups.create.name.length", LIKE_ARK), "name", NAME_LENGTH),
    ),
    Operation.ASSET_CREATE: (
        *type_rules(_of(Operation.ASSET_CREATE)),
        _required(Operation.ASSET_CREATE, "url", PAGE_ASSETS),
        UrlScheme(Fact("apimodels.assets.create.url.scheme", SCHEME), "url", PUBLIC),
        _required(Operation.ASSET_CREATE, "asset_type", PAGE_ASSETS),
        OneOf(Fact("apimodels.assets.create.asset_type.values", ARK), "asset_type", tuple(KINDS.values())),
        _required(Operation.ASSET_CREATE, "group_id", PAGE_ASSETS),
        WholeNumber(Fact("apimodels.assets.create.group_id.number", CLIENT), "group_id"),
        MaxLength(Fact("apimodels.assets.create.name.length", LIKE_ARK), "name", NAME_LENGTH),
    ),
    Operation.ASSET_GET: (*type_rules(_of(Operation.ASSET_GET)), _required(Operation.ASSET_GET, "id", IN_EXAMPLES)),
    Operation.ASSET_LIST: (
        *type_rules(_of(Operation.ASSET_LIST)),
        WholeNumber(Fact("apimodels.assets.list.page.whole", ASSUMED), "page"),
        NumberRange(Fact("apimodels.assets.list.page.range", ASSUMED), "page", 1),
        WholeNumber(Fact("apimodels.assets.list.page_size.whole", ASSUMED), "page_size"),
        NumberRange(Fact("apimodels.assets.list.page_size.range", LIKE_ARK), "page_size", 1, 100),
        WholeNumber(Fact("apimodels.assets.list.group_id.number", ASSUMED), "group_id"),
    ),
    Operation.ASSET_UPDATE: (
        *type_rules(_of(Operation.ASSET_UPDATE)),
        _required(Operation.ASSET_UPDATE, "id", ASSUMED),
        _required(Operation.ASSET_UPDATE, "name", ASSUMED),
        MaxLength(Fact("apimodels.assets.update.name.length", LIKE_ARK), "name", NAME_LENGTH),
    ),
    Operation.ASSET_DELETE: (
        *type_rules(_of(Operation.ASSET_DELETE)),
        _required(Operation.ASSET_DELETE, "id", ASSUMED),
    ),
    Operation.GROUP_DELETE: (
        *type_rules(_of(Operation.GROUP_DELETE)),
        _required(Operation.GROUP_DELETE, "id", ASSUMED),
        WholeNumber(Fact("apimodels.groups.delete.id.number", ASSUMED), "id"),
    ),
}

TERMS = AssetTerms(
    fee=Amount("apimodels.assets.create.fee", PAGE_ASSETS, Decimal("0.01")),
    processing_seconds=Amount("apimodels.assets.processing_seconds", ASSUMED, Decimal(1)),
    kinds=KINDS,
    first_status=FIRST_STATUS,
    group_listing=GROUP_LISTING,
)
AMOUNTS = (TERMS.fee, TERMS.processing_seconds)

RESPONSE_PATHS = {
    "group": "group_id",
    "assets": "items",
    "groups": "items",
    "asset_error": "error",
    "asset_error_code": "error.code",
    "asset_error_message": "error.message",
}

CODES = _ark.asset_codes("apimodels", ARK)

BEHAVIOURS = (
    Behaviour("apimodels.assets.purpose", PAGE_ASSETS, "a face is uploaded as an asset, which a generation uses"),
    Behaviour("apimodels.assets.isolated", PAGE_ASSETS, "assets belong to the key that created them"),
    Behaviour("apimodels.assets.usable", CLIENT, "an order with a deleted or foreign asset is rejected, or fails"),
    Behaviour("apimodels.assets.fee_on_success", PAGE_ASSETS, "only a successful upload is charged"),
    Behaviour("apimodels.assets.poll", PAGE_ASSETS, "an asset is polled until Active"),
    IdPattern(
        # The page's placeholder ends in four characters, ids that resellers show in five. The time is that of UTC+8.
        "apimodels.assets.id", PAGE_ASSETS, "asset-, the time of creation, then a few characters",
        (Operation.ASSET_CREATE,), r"asset-(?P<time>\d{14})-[a-z0-9]{4,8}", 8,
    ),
    Behaviour("apimodels.assets.create.name.default", ASSUMED, "an asset needs no name"),
    Behaviour("apimodels.groups.id.text", ASSUMED, "a group's id is accepted as a string too"),
    Behaviour("apimodels.assets.url", PAGE_ASSETS, "asset_url is asset:// followed by the asset's id"),
    Behaviour("apimodels.assets.list.paged", PAGE_ASSETS, "assets are listed by page"),
    Behaviour("apimodels.assets.update.rename", PAGE_ASSETS, "an update renames an asset"),
    ResponseStatement(
        "apimodels.groups.create.response", PAGE_ASSETS, "the response has a numeric id and a name: group-...",
        Operation.GROUP_CREATE,
    ),
    Behaviour("apimodels.groups.list.own", PAGE_ASSETS, "groups of this key are listed"),
    Behaviour("apimodels.groups.delete.cascade", PAGE_ASSETS, "deleting a group deletes its assets"),
    ResponseStatement(
        "apimodels.assets.create.response", PAGE_ASSETS, "the response has id and asset_url", Operation.ASSET_CREATE
    ),
)  # fmt: skip

ASSET_ID = "asset-20260601120000-abcde"
FACE = {"url": "https://example.com/face.png", "asset_type": "Image", "name": "lead", "group_id": 1}
EXAMPLES: dict[Operation, tuple[Document, ...]] = {
    Operation.GROUP_CREATE: ({"name": "cast"},),
    Operation.ASSET_CREATE: (FACE,),
    Operation.ASSET_GET: ({"id": ASSET_ID},),
    Operation.ASSET_LIST: ({"page": 1, "page_size": 10},),
    Operation.ASSET_UPDATE: ({"id": ASSET_ID, "name": "hero"},),
    Operation.ASSET_DELETE: ({"id": ASSET_ID},),
    Operation.GROUP_DELETE: ({"id": 1},),
}

"""What else can be ordered: by defaults, by a form, with an asset, with what must fail; and files that are posted.

Knows no upstream: what it has is read off the contract. What the answers are worth, the checks know.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from . import lives
from .combinations import Required
from .contract import Contract
from .failures import Look
from .rules import Present, PromptLength
from .samples import picture
from .speaking import Speaker
from .terms import Document, MediaKind, Operation, Role

PRIVATE = "http://10.0.0.1/first.png"
PART = '--seedmock\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
FILE = '--seedmock\r\nContent-Disposition: form-data; name="{}"; filename="kite.png"\r\nContent-Type: image/png\r\n\r\n'
FORM: Mapping[str, str] = {"content-type": "multipart/form-data; boundary=seedmock"}


def sparing(speaker: Speaker, order: Document) -> Iterator[Look]:
    """Order with as little as is needed, in more words than are advised."""
    words = next((rule.words for rule in speaker.said.advice if isinstance(rule, PromptLength)), 0)
    prompt = f"{order['prompt']} {'slowly ' * words}".strip()
    yield from lives.lived(speaker, {**order, "prompt": prompt})


def spare(said: Contract, order: Document, image: str) -> Document:
    """An order without whatever has a default; a reference that needs no role comes without one."""
    needed = {rule.top for rule in said.rules[Operation.CREATE] if isinstance(rule, Present | Required)}
    kept = {name: value for name, value in order.items() if name in needed}
    if any(field.path == "web_search" for field in said.fields):
        return {**kept, "web_search": True}
    item = {"type": "image_url", "image_url": {"url": image}}
    return {**kept, "input_reference": {"content": [item]}}


def inside(speaker: Speaker, order: Document) -> Iterator[Look]:
    """Order with a private address in it: such a task fails, and costs nothing."""
    slots = getattr(speaker.said.layout, "slots", ())
    slot = next(one for one in slots if one.kind is MediaKind.IMAGE and one.role is Role.FIRST_FRAME)
    yield from lives.lived(speaker, {**order, slot.field: [PRIVATE] if slot.many else PRIVATE})


def with_asset(speaker: Speaker, order: Document, image: str) -> Iterator[Look]:
    """Make an asset without a name, order with it, delete it, and order with it once more."""
    group = speaker.ask(Operation.GROUP_CREATE, {"name": "seedmock-verify"}).made
    if group is None:
        return
    wanted = {"url": image, "asset_type": "Image", "group_id": int(group) if group.isdigit() else group}
    asset = speaker.ask(Operation.ASSET_CREATE, wanted).made
    if asset is not None:
        speaker.sleep(lives.PAUSE)
        speaker.ask(Operation.ASSET_GET, {"id": asset})
        speaker.ask(Operation.ASSET_LIST, {"group_id": group})
        used = {**order, "reference_image_urls": [f"asset://{asset}"]}
        yield from lives.lived(speaker, used)
        speaker.ask(Operation.ASSET_DELETE, {"id": asset})
        yield from lives.lived(speaker, used)
    speaker.ask(Operation.GROUP_DELETE, {"id": wanted["group_id"]})


def posted(speaker: Speaker, waits: bool) -> Iterator[Look]:
    """Post a file and fetch it by its link, where the clock is ours also after its days."""
    body = FILE.format("file").encode() + _picture() + b"\r\n--seedmock--\r\n"
    path = next(one.path for one in speaker.said.endpoints if one.operation is Operation.FILE_CREATE)
    url = f"{speaker.said.bases[0].prefix}{path}"
    link = speaker.say(Operation.FILE_CREATE, "POST", url, body, headers=FORM).published
    if link:
        speaker.fetch(link)
        if waits:
            days = float(speaker.said.amount(f"{speaker.said.name}.files.days").value)
            speaker.sleep(days * lives.DAY + lives.AFTERWARDS)
            speaker.fetch(link)
    yield from ()


def formed(speaker: Speaker, order: Document) -> Iterator[Look]:
    """Order by a form, with a file in it."""
    body = "".join(PART.format(name, _spelt(value)) for name, value in order.items()).encode()
    body += FILE.format("input_reference").encode() + _picture() + b"\r\n--seedmock--\r\n"
    path = next(one.path for one in speaker.said.endpoints if one.operation is Operation.CREATE)
    url = f"{speaker.said.bases[0].prefix}{path}"
    made = speaker.say(Operation.CREATE, "POST", url, body, headers=FORM).made
    if made is not None:
        lives.ended(speaker, made)
    yield from ()


def _picture() -> bytes:
    return b64decode(picture(320, 320).partition(",")[2])


def _spelt(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

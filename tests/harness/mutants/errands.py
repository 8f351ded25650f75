"""What no ladder does, because nobody can make a live service do it or it costs more than it tells: small errands.

Each is a step like those of the ladders; the checks judge what comes of it.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from decimal import Decimal

from seedmock_contracts.contract import Contract
from seedmock_contracts.lives import Unfinished, ended, lived
from seedmock_contracts.samples import picture
from seedmock_contracts.speaking import Speaker, Step
from seedmock_contracts.terms import Operation

DAYS = 8 * 86_400.0
HOOK = "http://127.0.0.1:9/hook"
FACE = "https://mock.test/not-a-face.png"
FILE = b'--sent\r\nContent-Disposition: form-data; name="file"; filename="kite.png"\r\nContent-Type: image/png\r\n\r\n'


def errands(said: Contract) -> Iterator[Step]:
    """Those that make sense for an upstream."""
    known = {endpoint.operation for endpoint in said.endpoints}
    yield _errand("order", "an order, followed to its end", _order)
    yield _errand("two", "two orders in a row", _two)
    yield _errand("private", "an order with a private address in it", _private)
    if Operation.BALANCE in known:
        yield _errand("refused", "an order that is refused, and the balance before and after", _refused)
        yield _errand("poor", "an order that costs more than is left", _poor)
        yield _errand("asset", "an asset without a name, and an order with it", _asset)
        yield _errand("file", "a posted file, for as long as it is kept and longer", _file)
        yield _errand("hook", "an order that wants a callback", _hook)
    else:
        yield _errand("form", "an order in a form, with a file", _form)


def _errand(name: str, says: str, run: Callable[[Speaker], None]) -> Step:
    def steps(speaker: Speaker) -> tuple[()]:
        try:
            run(speaker)
        except Unfinished:
            return ()
        return ()

    return Step(f"errand.{name}", says, steps, Decimal(1))


def _order(speaker: Speaker) -> None:
    for _ in lived(speaker, speaker.said.example(Operation.CREATE)) or ():
        pass


def _two(speaker: Speaker) -> None:
    _order(speaker)
    _order(speaker)


def _private(speaker: Speaker) -> None:
    order = dict(speaker.said.example(Operation.CREATE))
    placed = {"input_reference": {"content": [{"type": "image_url", "image_url": {"url": "http://10.0.0.1/a.png"}}]}}
    order |= {"images": ["http://10.0.0.1/a.png"]} if speaker.said.holder else placed
    made = speaker.ask(Operation.CREATE, order).made
    if made is not None:
        ended(speaker, made)


def _refused(speaker: Speaker) -> None:
    speaker.ask(Operation.BALANCE)
    speaker.ask(Operation.CREATE, {**speaker.said.example(Operation.CREATE), "model": "nonesuch"})
    speaker.ask(Operation.BALANCE)


def _poor(speaker: Speaker) -> None:
    speaker.ask(Operation.BALANCE)
    speaker.ask(Operation.CREATE, {**speaker.said.example(Operation.CREATE), "aspect_ratio": "16:9"})


def _asset(speaker: Speaker) -> None:
    group = speaker.ask(Operation.GROUP_CREATE, {"name": "cast"}).made
    wanted = {"url": FACE, "asset_type": "Image", "group_id": int(group or 0)}
    asset = speaker.ask(Operation.ASSET_CREATE, wanted).made
    if asset is None:
        return
    speaker.sleep(5.0)
    speaker.ask(Operation.ASSET_GET, {"id": asset})
    speaker.ask(Operation.ASSET_LIST, {"group_id": int(group or 0)})
    order = {**speaker.said.example(Operation.CREATE), "images": [f"asset://{asset}"]}
    made = speaker.ask(Operation.CREATE, order).made
    if made is not None:
        ended(speaker, made)
    speaker.ask(Operation.GROUP_DELETE, {"id": int(group or 0)})


def _file(speaker: Speaker) -> None:
    body = FILE + b64decode(picture(320, 320).partition(",")[2]) + b"\r\n--sent--\r\n"
    sent = {"content-type": "multipart/form-data; boundary=sent"}
    posted = speaker.say(Operation.FILE_CREATE, "POST", "/api/v1/files", body, headers=sent)
    if posted.published:
        speaker.fetch(posted.published)
        speaker.sleep(DAYS)
        speaker.fetch(posted.published)


def _hook(speaker: Speaker) -> None:
    order = {**speaker.said.example(Operation.CREATE), "callback_url": HOOK}
    made = speaker.ask(Operation.CREATE, order).made
    if made is not None:
        ended(speaker, made)


def _form(speaker: Speaker) -> None:
    fields = {**speaker.said.example(Operation.CREATE)}
    part = '--sent\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = "".join(part.format(name, value) for name, value in fields.items()).encode()
    shown = b64decode(picture(320, 320).partition(",")[2])
    body += FILE.replace(b'"file"', b'"input_reference"') + shown + b"\r\n--sent--\r\n"
    sent = {"content-type": "multipart/form-data; boundary=sent"}
    speaker.say(Operation.CREATE, "POST", "/v1/videos", body, headers=sent)

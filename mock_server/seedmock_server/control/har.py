"""HTTP Archive 1.2 of the journal, in the form that viewers, Playwright's `routeFromHAR` and mitmproxy replay.

The journal has no clips: their bytes come from the cache of clips, by the ETag that was sent.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from seedmock_contracts import __version__

from ..faults.kinds import SOCKET
from ..journal import JournalEntry
from ..upstreams.context import RESULTS
from .context import ClipFinder
from .exports import NumberedEntries, Pairs, header_of, request_length, to_text, url_of

# Viewers and browsers hold an archive in memory as a whole, and base64 makes it a third larger.
MAX_CLIP_BYTES = 64 * 1024 * 1024
HIDDEN_LINK = re.compile(rf"({RESULTS}/([\w-]+)/)\*\*\*\.mp4")
LINK = re.compile(rf"{RESULTS}/([\w-]+)/(\w+)\.mp4")
PART = re.compile(r"bytes (\d+)-(\d+)/\d+")
# 0 is an exchange that was lost: no status was sent.
WITHOUT_BODY = (0, 204, 304)


class HarWriter:
    """Writes one archive; `find_clip` returns clips by their ETag."""

    def __init__(self, entries: NumberedEntries, find_clip: ClipFinder) -> None:
        self._entries, self._find_clip = entries, find_clip
        self._tokens = _link_tokens(entries)
        self._room = MAX_CLIP_BYTES

    def archive(self) -> dict[str, Any]:
        """Return the archive (http://www.softwareishard.com/blog/har-12-spec/)."""
        creator = {"name": "seedmock", "version": __version__}
        return {
            "log": {"version": "1.2", "creator": creator, "entries": [self._entry(*pair) for pair in self._entries]}
        }

    def _entry(self, number: int, entry: JournalEntry) -> dict[str, Any]:
        milliseconds = round(entry.seconds * 1000, 3)
        archived = {
            # The journal has the end of the response.
            "startedDateTime": datetime.fromtimestamp(entry.at - entry.seconds, UTC).isoformat(timespec="milliseconds"),
            "time": milliseconds,
            "request": _request(entry, self._tokens),
            "response": self._response(entry),
            "cache": {},
            "timings": {"send": 0, "wait": milliseconds, "receive": 0},
            "comment": f"number {number}, {entry.upstream} {entry.operation or 'unknown'}, {entry.kind}",
        }
        return {**archived, "serverIPAddress": entry.server} if _is_address(entry.server) else archived

    def _response(self, entry: JournalEntry) -> dict[str, Any]:
        content = self._content(entry)
        return {
            "status": entry.status,
            "statusText": HTTPStatus(entry.status).phrase if entry.status in tuple(HTTPStatus) else "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(entry.response_headers),
            "content": content,
            "redirectURL": header_of(entry.response_headers, b"location"),
            "headersSize": -1,
            "bodySize": content["size"] if entry.download is None else entry.download.sent,
        }

    def _content(self, entry: JournalEntry) -> dict[str, Any]:
        kind = header_of(entry.response_headers, b"content-type") or "x-unknown"
        if entry.method == "HEAD" or entry.status in WITHOUT_BODY:
            return {"size": 0, "mimeType": kind}
        declared = header_of(entry.response_headers, b"content-length")
        size = int(declared) if declared.isdigit() else len(entry.response_body)
        content = {"size": size, "mimeType": kind}
        if entry.response_body:
            whole = len(entry.response_body) == size
            comment = {} if whole else {"comment": "the journal has only a part of the body"}
            return {**content, "text": to_text(entry.response_body), **comment}
        return {**content, **self._clip(entry, size)}

    def _clip(self, entry: JournalEntry, size: int) -> dict[str, str]:
        """Return the bytes of a clip, or a comment on why they are missing."""
        if any(fault.partition(" ")[0] in SOCKET for fault in entry.faults):
            return {"comment": f"without the {size} bytes: the fault {entry.faults[0]} changed them on the wire"}
        clip = self._find_clip(header_of(entry.response_headers, b"etag"))
        if clip is None:
            return {"comment": f"without the {size} bytes: no clip of the cache has this ETag"}
        if size > self._room:
            return {"comment": f"without the {size} bytes: one archive has at most {MAX_CLIP_BYTES} bytes of clips"}
        self._room -= size
        part = PART.fullmatch(header_of(entry.response_headers, b"content-range"))
        data = clip.path.read_bytes()
        data = data if part is None else data[int(part[1]) : int(part[2]) + 1]
        comment = f"{size} bytes of a clip, from the cache of clips"
        if entry.download is not None and entry.download.sent < size:
            comment += f"; only {entry.download.sent} of them were sent before the connection ended"
        return {"text": base64.b64encode(data).decode(), "encoding": "base64", "comment": comment}


def _request(entry: JournalEntry, tokens: Mapping[str, str]) -> dict[str, Any]:
    # The journal hides the secret part of a link, but the archive has the link in the response that first named it.
    # A replay must find the clip under that name.
    url = HIDDEN_LINK.sub(lambda link: f"{link[1]}{tokens.get(link[2], '***')}.mp4", url_of(entry))
    request: dict[str, Any] = {
        "method": entry.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(entry.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(entry.query, True)],
        "headersSize": -1,
        "bodySize": request_length(entry),
    }
    if entry.request_body:
        mime_type = header_of(entry.request_headers, b"content-type") or "application/octet-stream"
        request["postData"] = {"mimeType": mime_type, "params": [], "text": to_text(entry.request_body)}
    return request


def _link_tokens(entries: NumberedEntries) -> dict[str, str]:
    """Return the secret parts of the links that the responses name, by task."""
    bodies = (to_text(entry.response_body) for _, entry in entries if RESULTS.encode() in entry.response_body)
    return {link[1]: link[2] for body in bodies for link in LINK.finditer(body)}


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _pairs(headers: Pairs) -> list[dict[str, str]]:
    return [{"name": to_text(name), "value": to_text(value)} for name, value in headers]

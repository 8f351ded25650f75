"""A small S3-compatible server: one bucket in memory, which checks signatures (AWS Signature Version 4) as S3 does."""

from __future__ import annotations

import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

KEY, SECRET = "AKIATESTS", "wJalrXUtnFEMI-a-secret"


class S3Server:
    """Server on a free port, which `stop` and `start` leave the same."""

    def __init__(self, bucket: str = "mock") -> None:
        self.bucket = bucket
        self.objects: dict[str, bytes] = {}
        self.may_answer = threading.Event()
        """Cleared, requests wait."""
        self.may_answer.set()
        self.refusal: tuple[int, str] | None = None
        self.port = 0
        self.start()

    @property
    def environment(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.port}"
        return {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        bucket, _, key = urlsplit(target).path.lstrip("/").partition("/")
        if self.refusal is not None:
            return self.refusal[0], _error(self.refusal[1])
        if headers["authorization"] is None or f"Credential={KEY}/" not in headers["authorization"]:
            return 403, _error("InvalidAccessKeyId")
        if not is_signed(method, target, headers, body):
            return 403, _error("SignatureDoesNotMatch", f"<StringToSign>{KEY}</StringToSign>")
        if bucket != self.bucket:
            return 404, _error("NoSuchBucket")
        if method == "PUT":
            if headers["if-none-match"] == "*" and key in self.objects:
                return 412, _error("PreconditionFailed")
            self.objects[key] = body
            return 200, b""
        return (200, self.objects[key]) if key in self.objects else (404, _error("NoSuchKey"))


def is_signed(method: str, target: str, headers: Any, body: bytes) -> bool:
    """Check a signature as https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html says."""
    scheme, _, rest = headers["authorization"].partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    names, scope = fields["SignedHeaders"].split(";"), fields["Credential"].partition("/")[2]
    url = urlsplit(target)
    lines = [method, url.path, url.query, *(f"{name}:{headers[name].strip()}" for name in names), ""]
    request = "\n".join([*lines, ";".join(names), headers["x-amz-content-sha256"]])
    if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
        return False
    to_sign = "\n".join([scheme, headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), fields["Signature"])


def _error(code: str, more: str = "") -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code>{more}</Error>".encode()


def _handler(server: S3Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            server.may_answer.wait(30)
            status, content = server.answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            self.send_header("ETag", f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"')
            self.send_header("Last-Modified", "Sun, 29 Nov 2026 10:00:00 GMT")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = _answer

        def log_message(self, *_: Any) -> None:
            pass

    return Handler

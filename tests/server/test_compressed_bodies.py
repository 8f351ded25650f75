"""Bodies with a Content-Encoding, which no page mentions."""

from __future__ import annotations

import gzip
from typing import Any

import pytest


@pytest.mark.parametrize("path", ["/v1/videos", "/api/v1/video/generations"])
def test_a_compressed_body_is_refused_by_its_encoding(in_process_server: Any, path: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = in_process_server.post(path, content=gzip.compress(b"{}"), headers=headers)
    assert response.status_code == 415
    assert "Content-Encoding is 'gzip'; allowed: none, send the body as it is" in response.text
    plain = in_process_server.post(path, content=b"{}", headers={**headers, "Content-Encoding": "identity"})
    assert plain.status_code == 400

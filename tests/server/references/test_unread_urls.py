"""URLs that are not read: the resolver passes them over, as if it had looked at them in vain."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.facts import MediaFacts
from seedmock_server.http.url_policy import FetchPolicy
from seedmock_server.references.declared import DeclaredMedia
from seedmock_server.references.face_detection import FaceDetector
from seedmock_server.references.files import ReferenceFiles
from seedmock_server.references.inspection import Inspection, MediaInspector

ORDINARY = ("https://example.com/a.png", "http://cdn.example.org/b/c.mp4?x=1#y", "https://example.com")
OTHER = (
    "https://mock.test/face.png",
    "https://example.com/_mock/files/token/a.png",
    "http://127.0.0.1:8000/_mock/results/task/token.mp4",
    "data:image/png;base64,AAAA",
    "https://EXAMPLE.com/a.png",
)


def inspector(folder: Path, policy: FetchPolicy, declared: DeclaredMedia) -> MediaInspector:
    return MediaInspector(ReferenceFiles(folder, fetch=policy), declared, FaceDetector())


@pytest.mark.parametrize("url", ORDINARY)
def test_nothing_is_known_of_an_ordinary_url_that_is_not_fetched(url: str, tmp_path: Path) -> None:
    inspected = inspector(tmp_path, FetchPolicy.NONE, DeclaredMedia())
    assert not inspected.may_know(url)
    for origin in ("http://127.0.0.1:8000", "https://example.com"):
        inspection = asyncio.run(inspected.inspect(url, own_origin=origin, now=0.0, faces=True))
        assert inspection == Inspection()


@pytest.mark.parametrize("url", OTHER)
def test_anything_else_is_looked_at(url: str, tmp_path: Path) -> None:
    assert inspector(tmp_path, FetchPolicy.NONE, DeclaredMedia()).may_know(url)


@pytest.mark.parametrize("policy", [FetchPolicy.LOOPBACK, FetchPolicy.PUBLIC])
def test_every_url_is_looked_at_where_urls_are_fetched(policy: FetchPolicy, tmp_path: Path) -> None:
    assert inspector(tmp_path, policy, DeclaredMedia()).may_know(ORDINARY[0])


def test_a_url_of_declared_facts_is_looked_at(tmp_path: Path) -> None:
    declared = DeclaredMedia()
    declared.put(ORDINARY[0], MediaFacts(kind=MediaKind.IMAGE, size_bytes=1, format="png"))
    inspected = inspector(tmp_path, FetchPolicy.NONE, declared)
    assert inspected.may_know(ORDINARY[0])
    assert not inspected.may_know(ORDINARY[1])

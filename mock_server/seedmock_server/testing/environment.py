"""Environment variables of a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLES = ("NO_PROXY", "no_proxy")


@contextmanager
def bypass_proxies(*hosts: str) -> Iterator[None]:
    """Keep a proxy of the environment from getting between the code under test and these hosts."""
    previous = {name: os.environ.get(name) for name in VARIABLES}
    for name, value in previous.items():
        os.environ[name] = ",".join([*filter(None, [value]), *hosts])
    try:
        yield
    finally:
        for name, value in previous.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

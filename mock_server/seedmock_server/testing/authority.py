"""Certificate authority of this process, for TLS between a test and the emulator. Its key is never stored."""

from __future__ import annotations

import functools
import ssl

import trustme

from .interception import HOSTS


@functools.cache
def _authority() -> trustme.CA:
    return trustme.CA(organization_name="seedmock", organization_unit_name="for the tests of one process")


@functools.cache
def server_context() -> ssl.SSLContext:
    """Return the context of a server that is all real hosts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert(*HOSTS).configure_cert(context)
    return context


@functools.cache
def client_context() -> ssl.SSLContext:
    """Return a client's context that trusts this authority alone: no real host can pass for the emulator."""
    # gevent has a class of its own, in force once it has patched; that of truststore would trust this system, too.
    kind = next(kind for kind in ssl.SSLContext.__mro__ if not kind.__module__.startswith("truststore"))
    context: ssl.SSLContext = kind(ssl.PROTOCOL_TLS_CLIENT)
    _authority().configure_trust(context)
    return context

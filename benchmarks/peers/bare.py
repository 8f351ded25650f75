"""The ceiling of every server here: a bare application for uvicorn that reads a body and answers the same few bytes.

    python -m uvicorn --app-dir benchmarks/peers bare:app

Imports nothing, so that it is also the peer of a start.
"""

CONSTANT = b'{"created_at":1780021218,"id":"cgt-20260529102017-sjqj9","model":"seedance-2-0-fast","object":"video"}'
HEAD = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(CONSTANT))]


async def app(scope, receive, send):  # type: ignore[no-untyped-def]
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEAD})
    await send({"type": "http.response.body", "body": CONSTANT})

#!/usr/bin/env bash
# uvicorn with TLS: an idle connection of a client holds up the end of the server for half a minute.
#
# One would expect: a server that is told to stop closes connections that are kept open and carry no request, as it does
#                   without TLS: in a tenth of a second.
# What happens:     it waits for the client's part of the TLS goodbye. A client of httpx reads nothing while its
#                   connection is idle (nor do requests, urllib3 and the SDK of OpenAI), so that asyncio gives up after
#                   30 s, its ssl_shutdown_timeout, which uvicorn has no setting for.
# Versions:         uvicorn 0.41.0, httpx 0.28.1, h11 0.16.0, Python 3.11. Looked at on 2026-11-30.
# Why it matters:   in tests the client lives in the same program, or in a fixture that ends after the server's: each
#                   server that ends costs 30 s. seedmock aborts idle TLS connections.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .venv
.venv/bin/pip install -q --disable-pip-version-check uvicorn==0.41.0 h11==0.16.0 httpx==0.28.1 trustme==1.2.1
cat >trial.py <<'PY'
import ssl
import sys
import threading
import time
from importlib.metadata import version

import httpx
import trustme
import uvicorn


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


def seconds_to_stop(scheme: str) -> float:
    options = {"ssl_certfile": "server.pem"} if scheme == "https" else {}
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(verify=trust) as client:
        assert client.get(f"{scheme}://127.0.0.1:{port}/").status_code == 200
        told_at = time.monotonic()
        server.should_exit = True
        thread.join()
        return time.monotonic() - told_at


authority, trust = trustme.CA(), ssl.create_default_context()
authority.configure_trust(trust)
authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path("server.pem")
print(*(f"{name} {version(name)}" for name in ("uvicorn", "h11", "httpx")), "Python", sys.version.split()[0])
seconds = {scheme: seconds_to_stop(scheme) for scheme in ("http", "https")}
for scheme, took in seconds.items():
    print(f"{scheme}: the server ended after {took:.1f} s")
sys.exit(not (seconds["http"] < 5 and seconds["https"] > 25))
PY
.venv/bin/python trial.py

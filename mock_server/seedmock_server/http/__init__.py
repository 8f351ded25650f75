"""HTTP over plain ASGI: bodies, forms, files, connections, the server, requests to elsewhere."""

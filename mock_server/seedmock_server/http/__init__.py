"""HTTP over plain ASGI: request bodies, forms, files, connections, the server, and outbound requests."""

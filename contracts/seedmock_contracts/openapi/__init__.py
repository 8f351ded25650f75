"""OpenAPI documents of the upstreams, made from their contracts alone."""

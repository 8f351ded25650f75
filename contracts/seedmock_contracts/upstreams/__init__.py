"""One module an upstream."""

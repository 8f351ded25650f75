"""Reports of a certification, one module a format."""

"""Reports of a verification, one module a format."""

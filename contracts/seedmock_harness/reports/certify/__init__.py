"""Reports of a certification, one module for each format."""

"""The reference client of both upstreams."""

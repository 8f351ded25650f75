"""The emulator of both upstreams."""

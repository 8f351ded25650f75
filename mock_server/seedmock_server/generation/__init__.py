"""Orders and assets of all upstreams, in the emulator's own terms."""

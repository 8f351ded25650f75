"""Control API under /_mock/: inspects and changes a running emulator. Speaks for no upstream."""

"""First files of a project that tests against the emulator."""

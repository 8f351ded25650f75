"""Command line of the emulator."""

"""The command line of the emulator."""

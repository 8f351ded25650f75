"""The page under /_mock/: static files that read and change the emulator through the control API alone."""

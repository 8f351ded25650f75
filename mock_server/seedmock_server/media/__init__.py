"""The studio: real MP4 clips for finished tasks, and the facts of media files.

It knows no HTTP and no vendor; what a clip shows is decided by its `Look` alone.
"""

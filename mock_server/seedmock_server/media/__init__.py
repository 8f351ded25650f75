"""Media: real MP4 clips for finished tasks, and the facts of media files.

Knows no HTTP and no vendor; a clip's bytes depend on its `ClipSpec` alone.
"""

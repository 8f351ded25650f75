"""H.264, AAC and MP4 as bytes."""

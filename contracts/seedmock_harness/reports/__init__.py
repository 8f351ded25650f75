"""What was found, written down: one writer for each kind of file, chosen by the file's suffix."""

"""Reports of verifications and certifications: one writer for each file format, chosen by suffix."""

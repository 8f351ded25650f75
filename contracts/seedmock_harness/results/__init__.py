"""Results of checks, verifications and certifications, as records."""

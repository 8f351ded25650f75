"""Results of checks, of a verification and of a certification, as records."""

"""Rules that request documents must satisfy: on one field, across fields, and the boundary cases of each."""

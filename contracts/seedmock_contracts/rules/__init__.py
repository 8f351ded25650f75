"""Rules that a document is held to: of one field, across fields, and their boundaries."""

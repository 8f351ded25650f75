"""Everything of ours under /_mock/. Reads and moves the rooms; speaks for no upstream."""

"""Comparison of recordings with an upstream as it is now."""

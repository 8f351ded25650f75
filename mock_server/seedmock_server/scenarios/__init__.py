"""Scenarios: TOML files that name what goes wrong."""

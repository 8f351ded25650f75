"""Scenarios: named sets of rules, read from TOML."""

"""Diagnosis of the machine that seedmock runs on: facts are gathered once, and judged by pure functions."""

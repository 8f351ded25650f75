"""Spend guard: a proxy in front of a paid service that checks, quotes and logs each order before it leaves."""

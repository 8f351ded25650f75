"""Fates: rules that decide what becomes of a task or an asset."""

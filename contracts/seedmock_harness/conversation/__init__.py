"""Interactions with an upstream, and the history that they add up to."""

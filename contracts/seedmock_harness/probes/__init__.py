"""Requests that probe one fact each, free ones and paid ones, and what a refusal proves."""

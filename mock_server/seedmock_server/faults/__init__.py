"""Faults: misbehaviour of the wire and contract mutations, by rule."""

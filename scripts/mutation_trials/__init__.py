"""Mutated upstreams, and trials that verify them: the data behind the tables of checks, and their tests."""

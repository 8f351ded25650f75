"""Driver of an upstream's API: actions, transport, sample media, shrinking."""

"""Drive an upstream: send requests over a transport, check each interaction, repeat and shrink sequences of actions."""

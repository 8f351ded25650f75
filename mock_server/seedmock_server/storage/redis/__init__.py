"""Store on a Redis or Valkey server, which processes of several machines share. The only room that knows redis.

All keys of a mock carry one hash tag, its prefix: each script is atomic over all accounts, and finds its keys in one
slot of a cluster.
"""

"""`seedmock record` and `seedmock replay`: record the exchanges of an upstream, and serve them again."""

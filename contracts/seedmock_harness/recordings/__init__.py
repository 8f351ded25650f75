"""`seedmock record`, `drift` and `replay`: what an upstream said once, kept, compared and said again."""

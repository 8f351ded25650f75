"""Property-based conformance runs. The only room that knows Hypothesis."""

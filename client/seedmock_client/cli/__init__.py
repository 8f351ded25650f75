"""Commands of the client: generate, upscale, assets and demo, and the adapter for `seedmock certify`."""

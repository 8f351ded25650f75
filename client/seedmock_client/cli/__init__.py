"""The client's commands: generate, upscale, assets, demo; and the adapter by which it is certified."""

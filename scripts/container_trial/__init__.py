"""Run the steps of the Dockerfile without a container engine. See `scripts/try_dockerfile.py`."""

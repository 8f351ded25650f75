"""Parts of `stores.py` that are longer: databases with many tasks, and servers that are killed."""

"""The documentation as pages for a browser, rendered from the Markdown that the package contains."""

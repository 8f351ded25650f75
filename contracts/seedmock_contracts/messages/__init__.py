"""Parts of messages to users that all packages share."""

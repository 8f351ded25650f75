"""Pictures of a clip: test card, text, spinner, images."""

"""Drawing the frames of a clip: test card, crossfade, text, spinner, images."""

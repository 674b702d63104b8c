"""Take a network over that Keras wrote."""

"""Hand a trained network over."""

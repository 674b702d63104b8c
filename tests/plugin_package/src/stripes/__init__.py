"""Images of stripes, and a layer that scales channels."""

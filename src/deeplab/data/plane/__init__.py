"""Points in the plane with a class or a value each, after the TensorFlow Playground (Smilkov et al., 2017)."""

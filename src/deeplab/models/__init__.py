"""Networks: from a list of layers in YAML to a Keras model."""

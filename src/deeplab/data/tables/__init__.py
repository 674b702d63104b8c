"""Tables as data sets: files of a person's own, and scikit-learn's."""

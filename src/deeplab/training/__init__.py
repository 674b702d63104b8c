"""Training a network: Keras' loop, optimisers, schedules, seeds, the process."""

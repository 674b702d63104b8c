"""The layers by hand: what a trained network computes, in NumPy and nothing else.

Channels come last, as in Keras: one map is [height, width], a stack of maps [height, width, channels], a batch of
stacks [rows, height, width, channels]. An argument `maps` is any of these; whole numbers are computed with as float64,
floats as they are. What does not fit is a ValueError that names the argument, what it is and what it should be.
"""

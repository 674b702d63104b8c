"""The layers by hand: what a trained network computes, in NumPy and nothing else.

Channels come last, as in Keras: one map is [height, width], a stack of maps [height, width, channels], a batch of
stacks [rows, height, width, channels]. Whole numbers are computed with as float64, floats as they are.
"""

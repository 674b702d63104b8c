"""Figures of one run, and of runs side by side."""

"""Data sets: one file for each source, and what every source becomes."""

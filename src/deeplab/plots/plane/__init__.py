"""Figures of the plane."""

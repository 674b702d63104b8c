"""Figures that look inside a network."""

"""Figures of images under noise."""

"""Figures of data sets before anything is trained."""

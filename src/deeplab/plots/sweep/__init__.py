"""Figures of sweeps and searches."""

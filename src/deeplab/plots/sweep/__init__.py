"""Figures of sweeps and searches; what does not fit together is a ValueError."""

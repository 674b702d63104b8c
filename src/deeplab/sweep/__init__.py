"""Sweeps: a frozen plan of trainings, carried out by worker processes or a cluster, and what came of it."""

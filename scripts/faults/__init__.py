"""What scripts/rough.py, scripts/slurm.py and scripts/ray_nodes.py have in common."""

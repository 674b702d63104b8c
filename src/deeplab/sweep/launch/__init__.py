"""Where trials are trained: processes of this machine, a Ray cluster, a Slurm cluster."""

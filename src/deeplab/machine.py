"""How many processor cores there are to work with."""

import os


def cores() -> int:
    """Cores this process may use: containers, `taskset` and Slurm give a process fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

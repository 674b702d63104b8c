"""Groups of trainings held against each other, wherever they come from: runs, points of sweeps, entries of studies."""

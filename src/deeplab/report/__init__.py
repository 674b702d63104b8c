"""What is written about runs, sweeps and studies."""

#!/usr/bin/env python3
"""Carry out the same sweep with one worker and with two, side by side, and compare the times.

Twelve trainings on digits: by one worker with one thread, by two with one thread each, by one with two threads. The
three take turns, so that a machine that slows down slows all. Times are of whole commands.

scripts/workers.py [--rounds 3] [--epochs 3] [--model cnn_dropout]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VARIANTS = {"1 worker, 1 thread": (1, 1), "2 workers, 1 thread each": (2, 1), "1 worker, 2 threads": (1, 2)}


def seconds_of(model: str, epochs: int, workers: int, threads: int) -> float:
    """How long a sweep takes in a folder of its own."""
    command = [
        *(str(Path(sys.executable).with_name("deeplab")), "sweep", f"model={model}", f"training.epochs={epochs}"),
        *("replicates=12", f"launcher.workers={workers}", f"training.threads={threads}"),
        *("tracking.plots=none", "tracking.save_model=none"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        return time.perf_counter() - began


def main() -> None:
    """Run the rounds and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--model", default="cnn_dropout")
    options = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for number in range(options.rounds):
        for name, (workers, threads) in VARIANTS.items():
            times[name].append(seconds_of(options.model, options.epochs, workers, threads))
            print(f"round {number + 1}: {name}: {times[name][-1]:.1f} s", flush=True)
    two = times["2 workers, 1 thread each"]
    for name in VARIANTS:
        ratios = [a / b for a, b in zip(two, times[name], strict=True)]
        low, high = min(ratios), max(ratios)
        print(
            f"{name}: {statistics.median(times[name]):.1f} s; two workers take "
            f"{statistics.median(ratios):.2f} of it ({low:.2f} to {high:.2f})"
        )


if __name__ == "__main__":
    main()

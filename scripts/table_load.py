#!/usr/bin/env python3
"""Load a large table and tell the seconds and the memory that it takes.

The table is generated: numbers in all columns but three of categories, and a class. Loading is a process of its own:
reading, checking, encoding, the fingerprint and the division, but not TensorFlow. Exit status 1: it takes more than is
asked for.

scripts/table_load.py [--rows 1000000] [--columns 30] [--most-seconds 15] [--most-gb 2.5]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CATEGORIES = ("north", "south", "east", "west")
BLOCK = 50_000


def write(path: Path, rows: int, columns: int) -> None:
    """Write the table."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        x = rng.normal(size=(count, columns - 3)).round(4)
        frame = pd.DataFrame(x, columns=[f"x{number}" for number in range(1, columns - 2)])
        for number in range(1, 4):
            frame[f"c{number}"] = rng.choice(CATEGORIES, count)
        frame["class"] = np.where(x[:, :10].sum(axis=1) + rng.normal(size=count) > 0, "above", "below")
        frame.to_csv(path, mode="a", header=start == 0, index=False)


def load(path: Path) -> dict[str, float]:
    """Load it in this process."""
    from deeplab.config.compose import compose

    began = time.perf_counter()
    config = compose(["dataset=csv", f"dataset.path={path}", "dataset.target=class", "model=mlp"]).config
    from deeplab.data.load import load as load_data

    splits = load_data(config.dataset, path.parent)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "gb": peak / 1e9, "rows": len(splits.train) + len(splits.test)}


def main() -> None:
    """Write, load, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--most-seconds", type=float, default=15)
    parser.add_argument("--most-gb", type=float, default=2.5)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(load(Path(options.child))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write(path, options.rows, options.columns)
        size = path.stat().st_size / 1e6
        done = subprocess.run([sys.executable, __file__, "--child", path], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    print(
        f"{found['rows']:,} rows x {options.columns} columns ({size:.0f} MB): {found['seconds']:.1f} s "
        f"({options.most_seconds:g} asked), {found['gb']:.2f} GB at most ({options.most_gb:g} asked)"
    )
    sys.exit(0 if found["seconds"] <= options.most_seconds and found["gb"] <= options.most_gb else 1)


if __name__ == "__main__":
    main()

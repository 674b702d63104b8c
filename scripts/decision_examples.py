#!/usr/bin/env python3
"""Make two real decisions, and write what they came to into docs/decisions.md.

The first holds two networks against each other on MNIST, which is downloaded unless DEEPLAB_DATA has it. The second
holds a network against itself on digits: dense layers are written as convolutions over one place, which are the same
but for their names, and so have other weights with the same seed. The stores are temporary. It takes a few minutes.

scripts/decision_examples.py [--write]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decisions.md"
BEGIN, END = "<!-- scripts/decision_examples.py wrote what follows -->\n", "<!-- examples to here -->\n"
SAME = """name: same
layers:
  - {type: Flatten}
  - {type: RepeatVector, n: 1}
  - {type: Conv1D, filters: 64, kernel_size: 1, activation: relu}
  - {type: Conv1D, filters: 64, kernel_size: 1, activation: relu}
  - {type: Flatten}
  - {type: Dense, units: num_classes, activation: softmax}
"""
EXAMPLES = (
    ("model=dense_relu,dense_linear", "dataset=mnist", "--margin", "0.002"),
    ("model=mlp_64_64,same", "dataset=digits", "--margin", "0.01"),
)


def decided(words: tuple[str, ...]) -> str:
    """Decide, and return the command and what is known at its end as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "conf" / "model").mkdir(parents=True)
        (Path(folder) / "conf" / "model" / "same.yaml").write_text(SAME)
        command = ["deeplab", "decide", *words, "--config-dir", "conf", "tracking.plots=none", "--json"]
        environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False, timeout=7200
        )
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}.")
    found = json.loads(done.stdout)
    seeds = " and ".join(str(point["seeds"]) for point in found["points"])
    said = f"{found['sentence']} {found['trainings']} trainings ({seeds} seeds), {found['seconds']:.0f} s together"
    return f"`{' '.join(words)}`:\n\n> {said}; status {done.returncode}.\n"


def main() -> None:
    """Decide, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", type=int, choices=range(1, 1 + len(EXAMPLES)), help="one of them, which is not written"
    )
    parser.add_argument("--write", action="store_true", help="write the lines into docs/decisions.md")
    options = parser.parse_args()
    lines = []
    for words in EXAMPLES if options.only is None else EXAMPLES[options.only - 1 : options.only]:
        lines.append(decided(words))
        print(lines[-1], flush=True)
    if options.write and options.only is None:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()

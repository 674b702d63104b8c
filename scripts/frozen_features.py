#!/usr/bin/env python3
"""Time a training of a new last layer on a frozen backbone, with its features computed once and in every step, in turn.

Writes the sentence with the medians into docs/networks.md, where the marks of this script stand.

scripts/frozen_features.py [--pairs 3] [--rows 512] [--epochs 5]
"""

import argparse
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from benchmark import machine

PAGE = Path(__file__).parents[1] / "docs/networks.md"
MARKS = ("<!-- scripts/frozen_features.py -->\n", "<!-- end -->")
SIZE = 96
LAYERS = (
    {"type": "Backbone", "name": "MobileNetV2", "weights": None, "frozen": True, "pooling": "avg"},
    {"type": "Dropout", "rate": 0.2},
    {"type": "Dense", "units": "num_classes", "activation": "softmax"},
)


def seconds(once: bool, rows: int, epochs: int) -> float:
    """Seconds of a training from its first step on, the features included where they are computed once."""
    import keras

    from deeplab.config.compose import compose
    from deeplab.config.schema import ModelConfig
    from deeplab.data.splits import Split
    from deeplab.dataset_info import DatasetInfo
    from deeplab.models.build import build
    from deeplab.training import fit
    from deeplab.training.engine import Engine
    from deeplab.training.runtime import Runtime
    from deeplab.training.setup import TrainingSetup
    from deeplab.training.targets import Targets

    info = DatasetInfo("pictures", (SIZE, SIZE, 3), 10, tuple("0123456789"), "", 1 / 255)
    rng = np.random.default_rng(0)
    split = Split.whole(
        rng.integers(0, 256, (rows, SIZE, SIZE, 3)).astype(np.uint8), rng.integers(0, 10, rows).astype(np.int32)
    )
    given: dict[str, Any] = {"splits": None, "overlap": {}, "notes": (), "input_spec": lambda: None}
    setup = TrainingSetup(
        network=build(ModelConfig("mine", "classification", LAYERS, {}), info, seed=0),
        optimizer=keras.optimizers.Adam(),
        train=split,
        validation=None,
        runtime=Runtime("cpu", "", 2, True),
        engine=Engine("keras", False, ""),
        targets=Targets("classification", info),
        **given,
    )
    config = compose([f"training.epochs={epochs}", "training.batch_size=32"]).config.training
    found = fit.frozen_front if once else lambda _: None
    with mock.patch.object(fit, "frozen_front", found):
        began = time.perf_counter()
        fit.fit(setup, config, seed=0)
        return time.perf_counter() - began


def main() -> None:
    """Run the pairs and write the sentence."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    once, each = [], []
    for _ in range(options.pairs):
        once.append(seconds(True, options.rows, options.epochs))
        each.append(seconds(False, options.rows, options.epochs))
        print(f"once {once[-1]:.1f} s, in every step {each[-1]:.1f} s", file=sys.stderr)
    ratios = sorted(two / one for one, two in zip(once, each, strict=True))
    seconds_once, seconds_each = statistics.median(once), statistics.median(each)
    text = (
        f"Measured: {options.epochs} epochs of a last layer on a frozen MobileNetV2, {options.rows} images of\n"
        f"{SIZE}x{SIZE}, take {seconds_once:.1f} s with features computed once and {seconds_each:.1f} s with all "
        f"layers in every step,\n{statistics.median(ratios):.1f} times as long ({ratios[0]:.1f} to {ratios[-1]:.1f}, "
        f"{options.pairs} pairs in turn; {machine()}).\n"
    )
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1])
    PAGE.write_text(re.sub(pattern, lambda _: f"{MARKS[0]}{text}{MARKS[1]}", page, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Compare an evaluation under noise with bare `predict` over as many images, side by side.

An untrained cnn6 classifies random images of 28x28, noisy and denoised by an untrained dense and a convolutional
autoencoder; beside it Keras' `predict` of the same networks over as many images, once in its usual batches of 32 and
once in batches as large as the evaluation's. The three take turns; what each network's first call costs is not counted.
Peak memory is of the whole process.

scripts/noise_overhead.py [--rounds 3] [--images 10000]
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np

from deeplab.config.compose import compose
from deeplab.data.noise import Noise
from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.evaluation.noise import count_correct
from deeplab.models.build import build
from deeplab.models.inspect import evaluation_batch_size

INFO = DatasetInfo("images", (28, 28, 1), 10, tuple("0123456789"), "", 1 / 255)


def seconds_of(work: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Run the pairs and print medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=10_000)
    options = parser.parse_args()
    names = ("cnn6", "autoencoder", "conv_autoencoder")
    classifier, *denoisers = (build(compose([f"model={name}"]).config.model, INFO, 0) for name in names)
    x = np.random.default_rng(0).integers(0, 256, (options.images, 28, 28, 1), dtype=np.uint8)
    test = Split.whole(x, (np.arange(options.images) % 10).astype(np.int32))
    by_name = dict(zip(names[1:], denoisers, strict=True))

    def ours() -> None:
        count_correct(classifier, by_name, test, Noise("salt_and_pepper", 0.4, 0, "test"), 1 / 255, 10)

    def bare(batch_size: int) -> None:
        for network in (classifier, *denoisers, classifier, classifier):
            network.predict(x.astype(np.float32), batch_size=batch_size, verbose=0)

    large = min(evaluation_batch_size(network) for network in (classifier, *denoisers))
    variants = {
        "evaluation": ours,
        "predict in batches of 32": lambda: bare(32),
        f"predict in batches of {large}": lambda: bare(large),
    }
    for work in variants.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(options.rounds):
        for name, work in variants.items():
            times[name].append(seconds_of(work))
    evaluation = times["evaluation"]
    for name, found in times.items():
        ratios = [a / b for a, b in zip(evaluation, found, strict=True)]
        print(
            f"{name}: {statistics.median(found):.2f} s for {options.images:,} images in three states; the evaluation "
            f"takes {statistics.median(ratios):.2f} of it ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()

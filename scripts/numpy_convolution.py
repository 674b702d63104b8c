#!/usr/bin/env python3
"""Time the convolution by hand against loops over pixels, on one core.

One stack of 28x28x32 is convolved with 64 filters of 3x3x32 by deeplab.numpy_layers; by loops in Python over filters
and pixels, which multiply and sum a whole 3x3x32 window at once; and by loops over filters, maps and pixels, each map
by itself as such a function is first written. The three take turns, so that a machine that slows down slows all, and
must agree. Exit status 1: they do not, or the limits are not kept.

scripts/numpy_convolution.py [--rounds 5] [--repeats 20] [--most-ms 20] [--least-ratio 100]
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

# Read when NumPy is imported, and so set before the imports below.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402

from deeplab.numpy_layers.arrays import Array  # noqa: E402
from deeplab.numpy_layers.convolution import convolution  # noqa: E402

HEIGHT, WIDTH, CHANNELS, FILTERS, SIZE = 28, 28, 32, 64, 3
BY_HAND, OVER_PIXELS, OVER_MAPS = "numpy_layers", "loops over pixels", "loops over maps and pixels"


def loops_over_pixels(maps: Array, filters: Array) -> Array:
    """One window of all maps at a time."""
    result = np.zeros((HEIGHT - SIZE + 1, WIDTH - SIZE + 1, FILTERS), maps.dtype)
    for o in range(FILTERS):
        for i in range(result.shape[0]):
            for j in range(result.shape[1]):
                result[i, j, o] = np.sum(maps[i : i + SIZE, j : j + SIZE] * filters[..., o])
    return result


def loops_over_maps(maps: Array, filters: Array) -> Array:
    """One window of one map at a time."""
    result = np.zeros((HEIGHT - SIZE + 1, WIDTH - SIZE + 1, FILTERS), maps.dtype)
    for o in range(FILTERS):
        for c in range(CHANNELS):
            for i in range(result.shape[0]):
                for j in range(result.shape[1]):
                    result[i, j, o] += np.sum(maps[i : i + SIZE, j : j + SIZE, c] * filters[:, :, c, o])
    return result


def main() -> None:
    """Run the rounds; print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="pairs to take the median of")
    parser.add_argument("--repeats", type=int, default=20, help="convolutions by numpy_layers in a round")
    parser.add_argument("--most-ms", type=float, default=20, help="what numpy_layers may take")
    parser.add_argument("--least-ratio", type=float, default=100, help="how many times as long loops must take")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(HEIGHT, WIDTH, CHANNELS)).astype(np.float32)
    filters = rng.normal(size=(SIZE, SIZE, CHANNELS, FILTERS)).astype(np.float32)
    variants: dict[str, tuple[Callable[[Array, Array], Array], int]] = {
        BY_HAND: (convolution, options.repeats),
        OVER_PIXELS: (loops_over_pixels, 1),
        OVER_MAPS: (loops_over_maps, 1),
    }
    expected = convolution(maps, filters)
    times: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(options.rounds):
        for name, (function, repeats) in variants.items():
            began = time.perf_counter()
            for _ in range(repeats):
                result = function(maps, filters)
            times[name].append((time.perf_counter() - began) / repeats)
            print(f"round {number + 1}: {name}: {1000 * times[name][-1]:.2f} ms", flush=True)
            if not np.allclose(result, expected, rtol=1e-3, atol=1e-3):
                sys.exit(f"{name} gives other values than {BY_HAND}")
    print(f"{BY_HAND}: {1000 * statistics.median(times[BY_HAND]):.2f} ms")
    ratios: dict[str, float] = {}
    for name in (OVER_PIXELS, OVER_MAPS):
        pairs = [loop / ours for loop, ours in zip(times[name], times[BY_HAND], strict=True)]
        ratios[name] = statistics.median(pairs)
        print(
            f"{name}: {1000 * statistics.median(times[name]):.0f} ms, {ratios[name]:,.0f} times as long "
            f"({min(pairs):,.0f} to {max(pairs):,.0f})"
        )
    ours_ms = 1000 * statistics.median(times[BY_HAND])
    if ours_ms > options.most_ms:
        sys.exit(f"{BY_HAND} takes {ours_ms:.1f} ms, more than {options.most_ms:g}")
    for name, ratio in ratios.items():
        if ratio < options.least_ratio:
            sys.exit(f"{name} take less than {options.least_ratio:g} times as long as {BY_HAND}")


if __name__ == "__main__":
    main()

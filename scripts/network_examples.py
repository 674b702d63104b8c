#!/usr/bin/env python3
"""Train shipped networks with branches, and write what they reach into docs/networks.md.

A residual network on CIFAR-10, and the denoising autoencoder that branches beside the one that does not, on MNIST. Both
data sets are downloaded unless DEEPLAB_DATA has them. The store is temporary. It takes half an hour on two cores.

scripts/network_examples.py [--write]
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "networks.md"
BEGIN, END = "<!-- scripts/network_examples.py wrote what follows -->\n", "<!-- examples to here -->\n"
RESIDUAL = ("experiment=cifar_resnet8",)
DENOISING = ("experiment=mnist_conv_autoencoder", "noise.level=0.4", "training.epochs=5")
CHAIN, BRANCHED = "model=conv_autoencoder", "model=unet_autoencoder"


def trained(words: tuple[str, ...], folder: str) -> dict[str, Any]:
    """Train, and return what the store has of the run."""
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    print(f"deeplab train {' '.join(words)}", flush=True)
    subprocess.run(["deeplab", "train", *words, "tracking.plots=none"], cwd=folder, env=environment, check=True)
    shown = ["deeplab", "show", "latest", "--json"]
    done = subprocess.run(shown, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    run: dict[str, Any] = json.loads(done.stdout)
    return run


def lines(folder: str) -> str:
    """Train all three; the lines about them."""
    run = trained(RESIDUAL, folder)
    residual = (
        f"`{' '.join(RESIDUAL)}` reaches a test accuracy of {run['test']:.4f} after "
        f"{run['epochs']} epochs (one run with seed 0, {run['seconds'] / 60:.0f} minutes on two cores).\n"
    )
    chain, branched = (trained((*DENOISING, model), folder)["metrics"]["test/psnr"] for model in (CHAIN, BRANCHED))
    verdict = "beats" if branched > chain else "does not beat"
    denoising = (
        f"`{' '.join((*DENOISING, BRANCHED))}` {verdict} the same with `{CHAIN}`: a PSNR of "
        f"{branched:.2f} dB on noisy test images against {chain:.2f} dB (one run each with seed 0).\n"
    )
    return f"{residual}\n{denoising}"


def main() -> None:
    """Train, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the lines into docs/networks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = lines(folder)
    print(text, flush=True)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()

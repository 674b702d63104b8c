"""Every classifier with every denoiser, against evaluations of single pairs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Outcome

from deeplab.study.results import Results

STUDY = """
title: Pairs
about: Two classifiers, two autoencoders.
replicates: 2
entries:
  dense:
    run: [model=dense_relu, dataset.image_size=8, dataset.limit=300, training.epochs=4]
  code:
    run: [model=autoencoder, noise=masking, dataset.image_size=8, dataset.limit=300, training.epochs=4]
  pairs:
    noise: {classifier: dense, denoisers: [code], levels: "0.3", seeds: 3}
    replicates: 2
  crossed:
    noise: {classifier: dense, denoisers: [code], levels: "0.3", seeds: 3, crossed: true}
    replicates: 2
"""


@pytest.mark.slow
def test_each_classifier_meets_each_denoiser(folder: Path, cli: Callable[..., Outcome]) -> None:
    (study := folder / "small").mkdir()
    (study / "study.yaml").write_text(STUDY)
    outcome = cli("study", "small")
    assert outcome.status == 0, outcome.err
    rows = {(row.entry, row.replicate): row.scores for row in Results(study).rows}
    for number in (0, 1):
        pair, crossed = rows["pairs", number], rows["crossed", number]
        assert crossed["noisy@0.3"] == pair["noisy@0.3"]
        assert crossed[f"code#{number}@0.3"] == pair["code@0.3"]
        assert crossed["code@0.3"] == pytest.approx((crossed["code#0@0.3"] + crossed["code#1@0.3"]) / 2)
        assert crossed["code#0@0.3"] != crossed["code#1@0.3"]
    page = (study / "README.md").read_text().partition("## crossed")[2]
    assert "2 of 2 runs are finished." in page
    mean = sum(rows["crossed", number]["code@0.3"] for number in (0, 1)) / 2
    assert f"| 0.3 | code | {mean:.4f} |" in page
    assert "| 0.3 | noisy | " in page


FIGURE = "    figures: [{metric: noisy@0.3, at_least: 0, source: nobody}]\n"


@pytest.mark.parametrize("text", [STUDY.removesuffix("    replicates: 2\n"), STUDY + FIGURE])
def test_a_crossed_evaluation_has_replicates_and_no_figures(
    folder: Path, cli: Callable[..., Outcome], text: str
) -> None:
    (folder / "small").mkdir()
    (folder / "small" / "study.yaml").write_text(text)
    outcome = cli("study", "small", "--report")
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert "a crossed evaluation has replicates, at least 2, and no figures" in outcome.err

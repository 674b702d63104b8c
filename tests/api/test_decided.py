"""Decisions, verified runs and code of one's own as a notebook has them."""

import json
from pathlib import Path

import pytest

import deeplab
from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store

KNOWN = {
    "sentence": "a is better than <b> in validation accuracy.",
    "decided": True,
    "metric": "val/accuracy",
    "margin": 0.0,
    "trainings": 10,
    "seconds": 12.0,
    "points": [
        {"name": "a", "seeds": 5, "scores": {str(seed): 0.9 for seed in range(5)}},
        {"name": "<b>", "seeds": 5, "scores": {str(seed): 0.88 for seed in range(5)}},
    ],
    "pairs": [
        {
            "first": "a",
            "second": "<b>",
            "seeds": 5,
            "difference": 0.02,
            "interval": {"mean": 0.02, "low": 0.01, "high": 0.03},
            "verdict": "better",
        }
    ],
}
SMALL = ("model=dense_relu", "dataset.image_size=8", "dataset.limit=120", "training.epochs=2", "tracking.plots=none")
OWN = """
import keras
from deeplab.code import layer

@layer
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x

    def compute_output_shape(self, shape):
        return shape
"""


def test_a_decision_has_its_pairs_and_its_sentence(folder: Path) -> None:
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    tags = {"deeplab.kind": "sweep", "deeplab.margin": "0.0", "deeplab.decision": KNOWN["sentence"]}
    with RunLog.begin(store, "decided", {"sweep": {"metric": "val/accuracy"}}, tags, None) as log:
        log.log_text("decision.json", json.dumps(KNOWN))
        log.end("FINISHED")
    found = deeplab.load(log.run_id)
    assert isinstance(found, deeplab.Decision)
    assert found.sentence == KNOWN["sentence"]
    assert found.is_decided
    (pair,) = found.pairs.to_dict("records")
    assert (pair["first"], pair["verdict"], pair["low"], pair["seeds"]) == ("a", "better", 0.01, 5)
    page = found._repr_html_()
    assert "a is better than &lt;b&gt;" in page
    assert "<b>" not in page


@pytest.mark.slow
def test_a_run_is_verified(folder: Path) -> None:
    run = deeplab.train(*SMALL, "tracking.keep_checkpoints=1", quiet=True)
    done = deeplab.verify(run, spot="100%", seed=4, quiet=True)
    assert (done.outcome, done.seed) == ("identical", 4)
    assert set(done.table["outcome"]) == {"identical"}
    assert "epochs 1" in " ".join(done.table["what"]) or "epoch 1" in " ".join(done.table["what"])
    assert repr(done) == f"<Verified {run.name}: identical, 2 of 2 epochs trained again>"
    with pytest.raises(UserError, match="spot=half: give a share"):
        deeplab.verify(run, spot="half")


@pytest.mark.slow
def test_code_of_ones_own_needs_its_file_each_time(folder: Path) -> None:
    Path("own.py").write_text(OWN)
    layers = "[{type: Flatten},{type: Doubled},{type: Dense, units: num_classes, activation: softmax}]"
    with pytest.raises(UserError, match="Unknown layer 'Doubled'"):
        deeplab.train(*SMALL, f"model.layers={layers}", quiet=True)
    run = deeplab.train(*SMALL, f"model.layers={layers}", code="own.py", quiet=True)
    found = deeplab.load(run.id)
    with pytest.raises(UserError, match="--code FILE gives consent|code="):
        found.model()
    assert deeplab.load(run.id, code="own.py").model().count_params() > 0

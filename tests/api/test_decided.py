"""Decisions, verified runs and code of one's own as a notebook has them."""

import json
from pathlib import Path
from typing import Any

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


SHARE = {"gain": 0.02, "interval": {"mean": 0.02, "low": 0.01, "high": 0.03}, "verdict": "better"}
WHY = {
    "sentence": "B is better than A.",
    "metric": "val/accuracy",
    "names": ["model=a", "model=b"],
    "whole": {"name": "B − A", **SHARE},
    "shares": [{"name": "units 32 → 64", **SHARE}, {"name": "l2", **SHARE, "interval": None}],
    "interactions": [],
    "trainings": 4,
    "seconds": 2.0,
}


def stored(file: str, content: object, **tags: str) -> deeplab.Run | deeplab.Sweep:
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    ours = {f"deeplab.{key}": value for key, value in tags.items()}
    settings = {"sweep": {"metric": "val/accuracy"}}
    with RunLog.begin(store, "kept", settings, {"deeplab.kind": "sweep", **ours}, None) as log:
        log.log_text(file, json.dumps(content))
        log.end("FINISHED")
    return deeplab.load(log.run_id)


def test_an_explanation_has_its_shares_and_its_sentence(folder: Path) -> None:
    found = stored("why.json", WHY, why="B is better than A.")
    assert isinstance(found, deeplab.Explanation)
    assert found.sentence == WHY["sentence"]
    assert found.shares.to_dict("records")[0] == {
        "difference": "units 32 → 64",
        "gain": 0.02,
        "low": 0.01,
        "high": 0.03,
        "verdict": "better",
    }
    assert found.interactions.empty
    assert "What takes A, model=a, to B, model=b" in found._repr_html_()


def test_a_sweep_finds_its_confirmation(folder: Path) -> None:
    swept = stored("none.json", {})
    assert isinstance(swept, deeplab.Sweep)
    assert swept.confirmation is None
    found = stored("confirmation.json", KNOWN, confirms=swept.id)
    assert swept.confirmation == found
    assert isinstance(found, deeplab.Decision)
    assert (found.sentence, found.is_decided, len(found.pairs)) == (KNOWN["sentence"], True, 1)
    assert "Confirmed with fresh seeds" in swept._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: deeplab.sweep("l2=0.1,0.2", confirm=1), r"^confirm must be from 2 to 1,000 fresh seeds, got 1\.$"),
        (lambda: deeplab.sweep("seed=range(20001)", replicates=1), r"If they are all meant: yes=True$"),
        (lambda: deeplab.sweep("l2=interval(0.1,0.2)"), r"it needs search='tpe' or search='random'\.$"),
        (
            lambda: deeplab.decide("l2=0.1,0.2"),
            r"Give margin, .* as in margin=0\.002; or .* hours=2 or max_replicates=20",
        ),
        (
            lambda: deeplab.decide("l2=0.1,0.2", margin="small"),
            r"^margin: must be a number, as in 0\.5, got 'small'\.$",
        ),
        (lambda: deeplab.sweep("l2=0.1,0.2", trials=2.5), r"^trials: must be a whole number, as in 5, got 2\.5\.$"),
        (lambda: deeplab.why("model=cnn", "model=cnn", orders=3), r"^orders must be an even number from 2"),
        (lambda: deeplab.why("model=cnn", 3), r"^B: give a run, or overrides in one text, as in 'model=cnn', not 3\.$"),
        (lambda: deeplab.train(code="gone.py"), r"^code=gone\.py: there is no such file\.$"),
        (lambda: deeplab.train("training.loss=mine"), r"One of your own needs code='FILE'\.$"),
        (lambda: deeplab.runs(kind="tria"), r"^kind: no run is of kind 'tria'\."),
    ],
)
def test_errors_say_how_python_says_it(call: Any, message: str, folder: Path) -> None:
    stored("none.json", {})
    with pytest.raises(UserError, match=message) as raised:
        call()
    assert "--" not in str(raised.value)
    assert len(raised.traceback) <= 4  # of the lambda, too


@pytest.mark.slow
@pytest.mark.long
def test_why_and_a_confirmation_are_trained(folder: Path) -> None:
    one = deeplab.train(*SMALL, quiet=True, name="one")
    two = deeplab.train(*SMALL, "optimizer=adam", quiet=True)
    found = deeplab.why(one, two.id, replicates=2, quiet=True)
    assert isinstance(found, deeplab.Explanation)
    assert [name.split(" ")[0] for name in found.shares["difference"]] == ["optimizer"]
    assert found.shares["gain"].sum() == pytest.approx(found.table["val/accuracy mean"].diff()[1])
    swept = deeplab.sweep(*SMALL, "l2=1e-5,1e-3", confirm=2, quiet=True)
    assert swept.confirmation is not None
    assert swept.confirmation.pairs["seeds"].tolist() == [2]
    assert {run.config["seed"] for run in swept.confirmation.trials}.isdisjoint(
        {run.config["seed"] for run in swept.trials}
    )


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
    with pytest.raises(UserError, match="; code='FILE' gives consent to run"):
        found.model()
    assert deeplab.load(run.id, code="own.py").model().count_params() > 0

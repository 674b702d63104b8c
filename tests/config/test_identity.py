import csv
import inspect
from pathlib import Path

import pytest

from deeplab.config.compose import compose
from deeplab.config.identity import ADDED, AddedKey, identity, with_added_keys
from deeplab.errors import UserError
from deeplab.models.layers import LAYERS, layer_class
from deeplab.study.matching import configuration_hash

ROOT = Path(__file__).resolve().parents[2]


def test_a_training_of_before_a_key_was_added_is_the_same_training() -> None:
    """`dense_relu` was measured, with RMSprop, before its epsilon could be said: the committed result still counts."""
    rows = csv.DictReader((ROOT / "experiments/digits_dense/results.csv").read_text(encoding="utf-8").splitlines())
    measured = {row["configuration"] for row in rows if row["entry"] == "dense_relu"}
    composed = compose(["experiment=mnist_dense_relu"])
    assert configuration_hash(composed.values) in measured
    assert configuration_hash(compose(["experiment=mnist_dense_relu", "optimizer.epsilon=1e-8"]).values) not in measured


@pytest.mark.parametrize("added", ADDED, ids=lambda added: f"{added.group}.{added.key}")
def test_a_stored_configuration_gets_the_keys_that_were_added_since(added: AddedKey) -> None:
    for kind in added.kinds:
        old = {added.group: {"kind": kind}}
        assert with_added_keys(old)[added.group][added.key] == added.before
        kept = {added.group: {"kind": kind, added.key: "mine"}}
        assert with_added_keys(kept)[added.group][added.key] == "mine"
    assert with_added_keys({added.group: {"kind": "another"}}) == {added.group: {"kind": "another"}}


def test_what_was_added_to_the_data_is_off_in_a_run_of_before() -> None:
    old = {"dataset": {"kind": "npz", "limit": 5}, "validation": {"kind": "random", "fraction": 0.2}}
    filled = with_added_keys(old)
    assert filled["dataset"] == {"kind": "npz", "limit": 5, "stratify": False, "scale": None, "standardize": False}
    assert filled["validation"] == {"kind": "random", "fraction": 0.2, "stratify": False}
    plain = compose([]).values
    limited = compose(["dataset.limit=50"]).values
    assert "stratify" not in identity(plain)["dataset"]
    assert identity(limited)["dataset"]["stratify"] is True
    first = compose(["dataset.limit=50", "dataset.stratify=false"]).values
    before = {**first, "dataset": {key: value for key, value in first["dataset"].items() if key != "stratify"}}
    assert identity(first) == identity(before)


def test_what_layers_draw_from_matters_where_they_draw() -> None:
    def training(*overrides: str) -> dict[str, object]:
        return dict(identity(compose(list(overrides)).values)["training"])

    for kind in LAYERS:
        layers = f"model.layers=[{{type: {kind}}}]"
        draws = "seed" in inspect.signature(layer_class(kind, "")).parameters
        assert (training(layers).get("randomness") == "splitmix") == draws, kind
        assert "randomness" not in training(layers, "training.randomness=keras")
    with pytest.raises(UserError, match=r"training.randomness"):
        compose(["model=mlp_64_64", "training.randomness=dice"])


def test_a_file_of_before_a_key_was_added_still_composes(tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mine.yaml").write_text("kind: npz\npath: a.npz\nclass_names: null\nlimit: null\n")
    assert compose(["dataset=mine"], tmp_path).values["dataset"]["scale"] is None


def test_names_and_places_are_no_part_of_it() -> None:
    one, two = compose(["name=a", "notes=b", "tracking.experiment=c"]), compose([])
    assert identity(one.values) == identity(two.values)

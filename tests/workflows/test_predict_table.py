"""`deeplab predict` on tables: the CSV is what Keras says of the rows encoded by hand."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.conftest import Outcome

from deeplab.config.compose import compose
from deeplab.data.load import load

pytestmark = pytest.mark.slow
Cli = Callable[..., Outcome]
ISLANDS, SEXES, SPECIES = ("Biscoe", "Dream", "Torgersen"), ("female", "male"), ("Adelie", "Chinstrap", "Gentoo")
QUICK = ("model=mlp", "model.units=[8,4]", "training.epochs=4", "optimizer=adam", "tracking.plots=none")


def penguins(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, rows)
    return pd.DataFrame(
        {
            "island": np.array(ISLANDS)[rng.integers(0, 3, rows)],
            "bill_mm": (38 + 5 * kind + rng.normal(size=rows)).round(1),
            "sex": np.array(SEXES)[rng.integers(0, 2, rows)],
            "mass_g": 3500 + 400 * kind + rng.integers(-300, 300, rows),
            "species": np.array(SPECIES)[kind],
        }
    )


def by_hand(frame: pd.DataFrame) -> np.ndarray:
    """The rows as the network takes them, features in the order of the columns it learned."""
    islands = pd.get_dummies(pd.Categorical(frame["island"], ISLANDS)).to_numpy(np.float32)
    sexes = pd.get_dummies(pd.Categorical(frame["sex"], SEXES)).to_numpy(np.float32)
    numbers = frame[["bill_mm", "mass_g"]].to_numpy(np.float32)
    return np.concatenate([islands, numbers[:, :1], sexes, numbers[:, 1:]], axis=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> dict[str, Any]:
    """A store with networks named species, mass, two, gaps, points and pictures."""
    from deeplab.workflows.train import train

    folder = tmp_path_factory.mktemp("tables")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    uri = f"tracking.uri=sqlite:///{folder / 'mlflow.db'}"
    frame = penguins(150, 0)
    frame.to_csv(folder / "penguins.csv", index=False)
    frame[frame["species"] != "Gentoo"].to_csv(folder / "two.csv", index=False)
    frame.assign(mass_g=frame["mass_g"].where(np.arange(150) % 4 > 0)).to_csv(folder / "gaps.csv", index=False)
    x = frame[["bill_mm", "mass_g"]].to_numpy(np.float32)
    y = frame["species"].map(dict(zip(SPECIES, range(3), strict=True))).to_numpy()
    np.savez(folder / "points.npz", x_train=x[:100], y_train=y[:100], x_test=x[100:], y_test=y[100:])
    csv = ("dataset=csv", f"dataset.path={folder}/penguins.csv")
    wanted = {
        "species": (*csv, "dataset.target=species"),
        "mass": (*csv, "dataset.target=[mass_g,bill_mm]", "training.standardize_targets=true"),
        "two": ("dataset=csv", f"dataset.path={folder}/two.csv", "dataset.target=species", "model.task=regression"),
        "gaps": ("dataset=csv", f"dataset.path={folder}/gaps.csv", "dataset.target=species", "dataset.missing=impute"),
        "points": ("dataset=npz", f"dataset.path={folder}/points.npz"),
        "pictures": ("dataset=digits", "dataset.limit=100", "dataset.image_size=8"),
    }
    ids = {name: train(compose([*QUICK, *words, f"name={name}", uri])).run_id for name, words in wanted.items()}
    return {"uri": uri, "ids": ids, "folder": folder, "gaps": [*QUICK, *wanted["gaps"]]}


@pytest.fixture
def use(store: dict[str, Any], cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return lambda *words: cli(*words, store["uri"])


def network(store: dict[str, Any], name: str) -> Any:
    import keras
    import mlflow

    client = mlflow.MlflowClient(store["uri"].removeprefix("tracking.uri="))
    experiment = client.get_experiment_by_name("deeplab")
    query = f"source_run_id = '{store['ids'][name]}'"
    (model,) = client.search_logged_models([experiment.experiment_id], query)
    return keras.saving.load_model(Path(model.artifact_location.removeprefix("file://")) / "data" / "model.keras")


def test_probabilities_are_those_of_keras_on_rows_encoded_by_hand(use: Cli, store: dict[str, Any]) -> None:
    new = penguins(40, 1)
    expected = network(store, "species").predict(by_hand(new), verbose=0)
    new.drop(columns="species").to_csv("new.csv", index=False)
    outcome = use("predict", "species", "new.csv")
    assert (outcome.status, outcome.err) == (0, "")
    said = pd.read_csv("predictions.csv")
    assert list(said.columns) == ["predicted", "probability", *(f"probability_{name}" for name in SPECIES)]
    np.testing.assert_allclose(said.iloc[:, 2:], expected, atol=1e-6)
    assert list(said["predicted"]) == [SPECIES[index] for index in expected.argmax(axis=1)]
    np.testing.assert_allclose(said["probability"], expected.max(axis=1), atol=1e-6)
    assert "predictions predictions.csv: 40 rows, of which the first 10 are shown\n" in outcome.out
    assert re.search(rf"\n1 +{said['predicted'][0]} +{said['probability'][0]:.4f} ", outcome.out)
    assert "run species (" in outcome.out


def test_columns_may_be_in_another_order_with_others_beside_them_and_in_another_format(use: Cli) -> None:
    new = penguins(7, 2)
    new.to_csv("new.csv", index=False)
    plain = json.loads(use("predict", "species", "new.csv", "--json").out)["rows"]
    other = new[["sex", "mass_g", "island", "bill_mm"]].assign(year=2009, note="a, b")
    other.to_csv("other.csv", index=False, sep=";")
    other.to_parquet("other.parquet")
    other.to_csv("other.tsv", index=False, sep="\t")
    for file in ("other.csv", "other.parquet", "other.tsv"):
        outcome = use("predict", "species", file, "--json", "--out", "said.csv")
        values = json.loads(outcome.out)
        assert values["rows"] == plain
        assert (values["table"], values["predictions"], values["dataset"]) == (file, "said.csv", "csv")
        assert len(pd.read_csv("said.csv")) == 7


def test_the_text_of_a_table_may_be_meant_in_another_way_than_that_of_the_learned_one(use: Cli) -> None:
    new = penguins(7, 2)
    new.to_csv("new.csv", index=False)
    plain = json.loads(use("predict", "species", "new.csv", "--json").out)["rows"]
    new.to_csv("other.csv", index=False, sep=":", decimal=",", encoding="utf-16")
    words = ("dataset.separator=':'", "dataset.decimal=','", "dataset.encoding=utf-16")
    assert json.loads(use("predict", "species", "other.csv", *words, "--json").out)["rows"] == plain
    for word, line in (
        ("dataset.separator='::'", "dataset.separator must be one character or auto, got '::'"),
        ("dataset.decimal=5", "dataset.decimal must be '.' or ',', got 5"),
        ("dataset.encoding=7", "dataset.encoding must be a name, as cp1252, got 7"),
    ):
        assert use("predict", "species", "other.csv", word) == (2, "", f"deeplab: {line}.\n")


def test_what_is_missing_is_the_median_of_the_rows_that_were_learned_from(use: Cli, store: dict[str, Any]) -> None:
    new = penguins(20, 7)
    is_missing = np.arange(20) % 3 == 0
    new.assign(mass_g=new["mass_g"].where(~is_missing)).to_csv("new.csv", index=False)
    assert use("predict", "gaps", "new.csv").status == 0
    said = pd.read_csv("predictions.csv").iloc[:, 2:]
    splits = load(compose(store["gaps"]).config.dataset, store["folder"])
    learned = splits.train.images(slice(96))  # 120 rows to train on, of which validation holds the last 24 out
    median = float(np.nanmedian(learned[:, 6])) + splits.table.columns[3].shift
    rows = by_hand(new.assign(mass_g=np.where(is_missing, median, new["mass_g"])))
    expected = network(store, "gaps").predict_on_batch(np.concatenate([rows, is_missing[:, None]], axis=1))
    np.testing.assert_allclose(said, expected, atol=1e-6)


def test_values_have_a_column_for_each_target(use: Cli, store: dict[str, Any]) -> None:
    new = penguins(12, 3)
    rows = by_hand(new)
    species = pd.get_dummies(pd.Categorical(new["species"], SPECIES)).to_numpy(np.float32)
    expected = network(store, "mass").predict(np.concatenate([rows[:, :3], rows[:, 4:6], species], axis=1), verbose=0)
    new.to_csv("new.csv", index=False)
    outcome = use("predict", "mass", "new.csv", "--out", "mass.csv")
    assert (outcome.status, outcome.err) == (0, "")
    said = pd.read_csv("mass.csv")
    assert list(said.columns) == ["mass_g", "bill_mm"]
    np.testing.assert_allclose(said, expected, rtol=1e-5)
    assert expected[:, 0].min() > 1000  # grams, not deviations


def test_two_classes_as_numbers_are_named(use: Cli) -> None:
    new = penguins(6, 4)
    new.to_csv("new.csv", index=False)
    assert use("predict", "two", "new.csv").status == 0
    said = pd.read_csv("predictions.csv")
    assert list(said.columns) == ["predicted", "output"]
    assert list(said["predicted"]) == [SPECIES[int(output > 0)] for output in said["output"]]


def test_more_rows_than_fit_a_batch_are_all_asked_about(use: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    penguins(11, 5).to_csv("new.csv", index=False)
    whole = json.loads(use("predict", "species", "new.csv", "--json").out)["rows"]
    monkeypatch.setattr("deeplab.workflows.predict_table.evaluation_batch_size", lambda network: 4)
    parts = json.loads(use("predict", "species", "new.csv", "--json").out)["rows"]
    assert [each["predicted"] for each in parts] == [each["predicted"] for each in whole]
    assert len(parts) == 11


def test_what_does_not_fit_is_one_line_and_leaves_no_file(use: Cli, tmp_path: Path) -> None:
    new = penguins(4, 6)
    new.to_csv("new.csv", index=False)
    new.drop(columns="bill_mm").rename(columns={"mass_g": "mass_kg"}).to_csv("less.csv", index=False)
    new.assign(island=["Biscoe", "Dream", "Bora Bora", "Dream"]).to_csv("strange.csv", index=False)
    new.assign(mass_g=["3500", "heavy", "3600", "3700"]).to_csv("text.csv", index=False)
    new.assign(mass_g=[3500, None, 3600, 3700]).to_csv("missing.csv", index=False)
    Path("picture.png").write_bytes(b"x")
    Path("loop.csv").symlink_to("loop.csv")
    before = sorted(path.name for path in tmp_path.iterdir())
    for words, line in (
        (("species", "less.csv"), "less.csv: there is no column 'bill_mm'|Unknown column 'bill_mm' in less.csv"),
        (("species", "strange.csv"), "strange.csv: column 'island', row 3: 'Bora Bora' is none of the categories"),
        (("species", "text.csv"), "text.csv: column 'mass_g', row 2: 'heavy' is no number"),
        (("species", "missing.csv"), "missing.csv: column 'mass_g', row 2: the value is missing"),
        (("species", "none.csv"), "none.csv: there is no such file"),
        (("species", "loop.csv"), "loop.csv: Too many levels of symbolic links"),
        (("species", "new.csv", "less.csv"), "new.csv, less.csv: give one table at a time"),
        (("species", "new.csv", "picture.png"), "give one table at a time, and no images beside it"),
        (("species", "picture.png"), "takes rows of a table with the columns island, bill_mm, sex and 1 more: give a"),
        (("species", "new.csv", "--out", "new.csv"), "--out would write over it"),
        (("species", "new.csv", "--out", "said.png"), "--out said.png: its name must end in .csv"),
        (("points", "new.csv"), "takes 2 numbers, to which npz gives no names: .* trained on dataset=csv"),
        (("pictures", "new.csv"), "takes images of 8x8x1, no rows of a table"),
        (("nothing", "new.csv"), "There is no run 'nothing'"),
    ):
        status, out, err = use("predict", *words)
        assert (status, out) == (2, ""), err
        assert re.search(line, err), err
        assert err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before

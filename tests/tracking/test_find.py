"""Which run is meant: fields by short and long names, and the best of those that a filter leaves."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow.entities import Metric

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.tracking.field_names import resolve_field, select
from deeplab.tracking.find import all_runs, find_run, run_by_id
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store, open_to_read

CNN = {"model.name": "cnn", "dataset.kind": "mnist", "l2": "0.001", "optimizer.learning_rate": "0.1"}
MLP = {**CNN, "model.name": "mlp_64_64", "dataset.kind": "digits", "dataset.limit": "200"}
Make = Callable[..., str]


@pytest.fixture
def store(folder: Path) -> Store:
    return open_store(TrackingConfig(None, "deeplab", "all", "all"))


@pytest.fixture
def make(store: Store) -> Make:
    """Write a run that is over at once; returns its id."""

    def write(name: str, values: dict[str, str], status: str = "FINISHED", kind: str = "train", **scores: float) -> str:
        with RunLog.begin(store, name, values, {"deeplab.kind": kind, "deeplab.parameters": "77"}, None) as log:
            metrics = [Metric(key.replace("_", "/"), value, 0, 1) for key, value in scores.items()]
            store.client.log_batch(log.run_id, metrics=[*metrics, Metric("learning_rate", 0.099, 0, 1)])
            log.end(status)
        return log.run_id

    return write


def test_the_best_run_is_found_on_validation_data(store: Store, make: Make) -> None:
    low = make("low", CNN, validation_accuracy=0.8, validation_loss=0.1)
    best = make("best", CNN, kind="trial", validation_accuracy=0.9, validation_loss=0.7, test_accuracy=0.2)
    make("as good, later", CNN, validation_accuracy=0.9)
    other = make("other", MLP, validation_accuracy=0.95)
    make("running", MLP, "RUNNING", validation_accuracy=0.99)
    make("failed", MLP, "FAILED", validation_accuracy=0.99)
    make("a sweep", MLP, kind="sweep", validation_accuracy=0.99)
    make("noise", CNN, kind="noise", validation_accuracy=0.99)
    make("diverged", CNN, validation_accuracy=float("nan"))
    make("an autoencoder", {**CNN, "model.name": "autoencoder"}, validation_loss=0.01)
    found = {
        text: find_run(store, f"best:{text}").id
        for text in ("model=cnn", "model=cnn and validation/loss<0.5", "dataset=digits", "", "not (name=other)")
    }
    assert found == {
        "model=cnn": best,
        "model=cnn and validation/loss<0.5": low,
        "dataset=digits": other,
        "": other,
        "not (name=other)": best,
    }


def test_without_an_accuracy_the_lowest_loss_is_the_best(store: Store, make: Make) -> None:
    make("worse", CNN, validation_loss=0.3)
    best = make("better", CNN, validation_loss=0.2, test_loss=0.9)
    assert find_run(store, "best:model=cnn").id == best


def test_a_best_run_that_is_none_is_told_in_one_line(store: Store, make: Make) -> None:
    with pytest.raises(UserError, match="Run 'best:model=cnn': the store has no runs yet"):
        find_run(store, "best:model=cnn")
    make("killed", MLP, "KILLED", validation_accuracy=0.9)
    make("all rows trained on", CNN)
    with pytest.raises(UserError, match="'best:model=vgg': none of 2 runs is a training that the filter is true of."):
        find_run(store, "best:model=vgg")
    with pytest.raises(UserError, match="'best:model=mlp.': 1 trainings match, 0 of them finished, and none"):
        find_run(store, "best:model=mlp*")
    with pytest.raises(UserError, match="1 trainings match, 1 of them finished, and none of those has a score"):
        find_run(store, "best:model=cnn")
    with pytest.raises(UserError, match="Filter 'modle=cnn': no run has 'modle'. Did you mean 'model'?"):
        find_run(store, "best:modle=cnn")
    with pytest.raises(UserError, match="Filter 'model', at its end: after 'model' one of"):
        find_run(store, "best:model")


def test_a_run_that_was_validated_on_the_test_set_is_not_the_best(
    store: Store, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    fair = make("fair", {**CNN, "validation.kind": "tail"}, validation_accuracy=0.8)
    on_test = {**CNN, "validation.kind": "test"}
    make("lower", on_test, validation_accuracy=0.9)
    seen = make("seen", on_test, kind="trial", validation_accuracy=0.99)
    make("no accuracy", {**CNN, "validation.kind": "random"}, validation_loss=0.001)
    assert find_run(store, "best:model=cnn").id == fair
    assert capsys.readouterr().err == (
        f"deeplab: best:model=cnn is fair ({fair[:8]}). 2 runs were validated on the test set and left out of the "
        "best. To choose among those: 'best:(model=cnn) and validation=test'.\n"
    )
    assert find_run(store, "best:(model=cnn) and validation=test").id == seen
    assert capsys.readouterr().err == (
        f"deeplab: best:(model=cnn) and validation=test is seen ({seen[:8]}). It was chosen on the test set, so its "
        "score is too good by some amount that nobody knows.\n"
    )
    assert find_run(store, "best:validation!=random").id == fair
    with pytest.raises(
        UserError, match=r"all that match, 1 finished, were validated on the test set, .* \'best:\(name"
    ):
        find_run(store, "best:name=seen")
    capsys.readouterr()
    assert find_run(store, "best:name=seen and validation.kind=test")
    assert capsys.readouterr().err == ""  # of one there is nothing to choose


def test_a_loss_on_held_out_rows_comes_before_an_accuracy_on_the_test_set(store: Store, make: Make) -> None:
    make("seen", {**CNN, "validation.kind": "test"}, validation_accuracy=0.99)
    fair = make("fair", {**CNN, "validation.kind": "tail"}, validation_loss=0.5)
    assert find_run(store, "best:").id == fair


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("model=cnn", ["conv"]),
        ("model.name=cnn", ["conv"]),
        ("dataset=digits", ["dense", "alive"]),
        ("learning_rate=0.1", ["dense", "conv"]),
        ("optimizer.learning_rate=0.1", ["dense", "conv"]),
        ("limit=200", ["dense", "alive"]),
        ("limit!=200", []),
        ("test/accuracy>0.5", ["conv"]),
        ("loss<1", ["dense"]),
        ("status=finished", ["conv"]),
        ("status=FAILED or status=dead", ["dense"]),
        ("status=running", ["alive"]),
        ("kind=train", ["dense", "conv", "alive"]),
        ("name=c*", ["conv"]),
        ("parameters=77", ["dense", "conv", "alive"]),
        ("deeplab.parameters<77", []),
        ("id=*", ["dense", "conv", "alive"]),
    ],
)
def test_fields_have_short_and_long_names(store: Store, make: Make, text: str, names: list[str]) -> None:
    make("alive", {"dataset.limit": "200", "dataset.kind": "digits"}, "RUNNING")
    make("conv", CNN, test_accuracy=0.9)
    make("dense", MLP, "FAILED", train_loss=0.5)
    assert sorted(run.name for run in select(all_runs(store), text)) == sorted(names)


def test_a_sweep_over_networks_is_found_by_the_name_of_its_axis(store: Store, make: Make) -> None:
    make("sweep", {"model": "cnn, mlp_64_64"}, kind="sweep")
    make("trial", CNN, kind="trial")
    assert {run.name for run in select(all_runs(store), "model=cnn*")} == {"sweep", "trial"}


def test_a_short_name_of_several_fields_is_told(store: Store, make: Make) -> None:
    make("one", {**CNN, "dataset.path": "a", "launcher.path": "b"}, test_loss=0.5, train_loss=0.5)
    runs = all_runs(store)
    with pytest.raises(UserError, match="Filter 'path=a': 'path' may be dataset.path or launcher.path."):
        select(runs, "path=a")
    with pytest.raises(UserError, match="'loss' may be test/loss or train/loss."):
        select(runs, "loss<1")


def test_the_number_of_a_layer_is_no_name_to_be_suggested() -> None:
    with pytest.raises(UserError, match="no run has 'l3'. Did you mean 'l2'?"):
        resolve_field("l3", ["l2", "model.layers.3"], [], [], "--sort")


def test_the_place_in_a_list_is_no_name() -> None:
    params = ["optimizer.betas.0", "optimizer.betas.1"]
    with pytest.raises(UserError, match="x: no run has '1'."):
        resolve_field("1", params, [], [], "x")
    assert resolve_field("optimizer.betas.1", params, [], [], "x") == ("optimizer.betas.1",)


@pytest.mark.parametrize("evil", ["../../../home", "/etc", "a/b", "..", "", "x' or 'a'='a"])
def test_an_id_that_is_none_is_refused_before_it_names_a_folder(store: Store, make: Make, evil: str) -> None:
    make("mine", CNN)
    with closing(sqlite3.connect(store.place.database or "")) as database:
        for table in ("runs", "params", "tags", "latest_metrics", "metrics"):
            database.execute(f"UPDATE {table} SET run_uuid = ?", (evil,))
        database.commit()
    reading = open_to_read(TrackingConfig(None, "deeplab", "all", "all"))
    for each in (reading, replace(reading, reader=None)):
        for wanted in ("latest", "mine", "best:"):
            with pytest.raises(UserError, match=r"The store has a run with the id '.*', which is none"):
                find_run(each, wanted)
        assert run_by_id(each, evil) is None

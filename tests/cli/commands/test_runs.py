"""`deeplab runs`: which runs it lists, in what order, and what it says of each."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import ROOT

from deeplab.tracking.store import Store

Forge = Callable[..., str]
Cli = Callable[..., tuple[int, str, str]]
Ids = dict[str, str]


def names(cli: Cli, *arguments: str) -> list[str]:
    status, out, err = cli("runs", *arguments, "--json")
    assert (status, err) == (0, "")
    return [run["name"] for run in json.loads(out)]


def test_a_sweep_stands_for_its_trials_and_the_newest_comes_first(cli: Cli, ids: Ids) -> None:
    assert names(cli) == ["noisy", "broken", "coder", "a sweep", "dense", "conv"]
    assert names(cli, "--all") == ["noisy", "broken", "coder", "l2=1.5 #1", "l2=0.5 #1", "a sweep", "dense", "conv"]
    assert names(cli, "--reverse")[:2] == ["conv", "dense"]
    assert names(cli, "--limit", "2") == ["noisy", "broken"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--where", "model=c* and test/accuracy>0.7"], ["a sweep", "conv"]),
        (["--where", "test/accuracy>0.93"], ["a sweep"]),
        (["--where", "test/accuracy>0.93", "--all"], ["l2=0.5 #1"]),
        (["--where", "test/accuracy<0.93", "--kind", "trial"], ["l2=1.5 #1"]),
        (["--where", "dataset=digits or status=failed"], ["broken", "dense"]),
        (["--where", "not (kind=train or kind=trial)"], ["noisy", "a sweep"]),
        (["--where", "model=vgg"], []),
        (["--kind", "noise"], ["noisy"]),
        (["--kind", "trial"], ["l2=1.5 #1", "l2=0.5 #1"]),
        (["--failed"], ["broken"]),
        (["--sort", "validation", "--kind", "train"], ["coder", "dense", "conv", "broken"]),
        (["--sort", "validation", "--kind", "train", "--reverse"], ["conv", "dense", "coder", "broken"]),
        (["--sort", "test/loss", "--kind", "train"], ["coder", "conv", "dense", "broken"]),
        (["--sort", "name", "--limit", "3"], ["a sweep", "broken", "coder"]),
        (["--sort", "age", "--limit", "1"], ["noisy"]),
    ],
)
def test_runs_are_filtered_and_sorted(cli: Cli, ids: Ids, arguments: list[str], found: list[str]) -> None:
    assert names(cli, *arguments) == found


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--where", "modle=cnn"], "Filter 'modle=cnn': no run has 'modle'. Did you mean 'model'?"),
        (["--where", "model"], "Filter 'model', at its end: after 'model' one of = != < <= > >= is missing."),
        (["--where", "(l2=1"], "Filter '(l2=1', at its end: a closing parenthesis is missing."),
        (["--where", "l2>much"], "'l2>' needs a number, got 'much'."),
        (
            ["--kind", "trail"],
            "--kind: no run is of kind 'trail'. Did you mean 'trial'? There are: noise, sweep, train",
        ),
        (["--sort", "acuracy"], "--sort: no run has 'acuracy'. Did you mean 'val/accuracy'?"),
        (["--sort", "loss"], "--sort: 'loss' may be test/loss or train/loss or val/loss or validation/loss."),
        (["--json", "--csv"], "--json and --csv: choose one of them."),
        (["conv"], "'conv' is no override of the store. To look at a run: deeplab show conv"),
        (["tracking.uri=sqlite:///gone/mlflow.db"], "gone/mlflow.db yet. Train something first"),
        (["tracking.experiment=deplab"], "has no experiment 'deplab'. Did you mean 'deeplab'?"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(cli: Cli, ids: Ids, arguments: list[str], told: str) -> None:
    status, out, err = cli("runs", *arguments)
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_folder_without_a_store_stays_without_one(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    picture = str(ROOT / "experiments" / "denoising" / "figures" / "under_noise_noise_curve.png")
    of_a_run = ("show", "curves", "rm", "evaluate", "reproduce", "report")
    for command in (
        *(["runs"], ["compare", "a", "b"], ["predict", "latest", picture], ["export", "latest", "--to", "keras"]),
        *(["explain", "latest", "1"], ["generate", "latest", "--around", "7"], ["noise", "--classifier", "latest"]),
        *(["train", "--resume", "latest"], ["repair"], *([name, "latest"] for name in of_a_run)),
    ):
        status, out, err = cli(*command)
        assert (status, out) == (2, "")
        assert (
            err == f"deeplab: There is no store {tmp_path}/mlflow.db yet. Train something first, as in: deeplab train\n"
        )
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mlflow.db").touch()
    assert cli("runs")[0] == 2
    assert (tmp_path / "mlflow.db").stat().st_size == 0


def test_a_store_without_runs_says_so(cli: Cli, own_store: Store) -> None:
    assert cli("runs")[:2] == (0, "no run yet\n")
    assert cli("runs", "--json")[:2] == (0, "[]\n")


def test_a_deleted_experiment_is_told_with_its_way_back(
    cli: Cli, own_store: Store, forged: Forge, folder: Path
) -> None:
    run_id = forged("kept")
    own_store.client.delete_experiment(own_store.experiment_id)
    restore = f"MLFLOW_TRACKING_URI=sqlite:///{folder}/mlflow.db mlflow experiments restore --experiment-id 1"
    for command in (["runs"], ["show", run_id], ["rm", run_id, "--yes"], ["report", run_id], ["status"], ["train"]):
        status, out, err = cli(*command)
        assert (status, out) == (2, "")
        assert f"'deeplab' is deleted in the store sqlite:///{folder}/mlflow.db, with its runs." in err
        assert restore in err
        assert err.count("\n") == 1
    own_store.client.restore_experiment("1")
    assert cli("show", run_id)[0] == 0


def test_the_table_says_which_score_it_shows(cli: Cli, ids: Ids) -> None:
    _, out, _ = cli("runs", "--all")
    line = {run: next(row for row in out.splitlines() if row.startswith(ids[run][:8])) for run in ids}
    assert re.search(r"conv +train +mnist +cnn +finished +3 +acc 0.8000 +acc 0.7900 +12 s", line["conv"])
    assert re.search(r"coder .* loss 0.0100 +loss 0.0300", line["coder"])
    assert re.search(r"a sweep +sweep +mnist +cnn +finished +2 x 3 +acc 0.9500 +acc 0.9400", line["sweep"])
    assert re.search(r"broken .* failed +1/3 ", line["broken"])
    assert re.search(r"noisy +noise +cnn +finished +acc 0.5000", line["noisy"])
    _, out, _ = cli("runs", "--kind", "trial")
    assert re.search(r"^ +val +test +\nid .* acc +acc +time", out)
    assert re.search(r"l2=1.5 #1 +mnist +cnn +finished +3 0.9000 0.8900", out)


def test_failed_runs_say_why(cli: Cli, ids: Ids) -> None:
    assert "The loss became NaN in epoch 2." in cli("runs", "--failed")[1]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_line_is_longer_than_the_terminal(cli: Cli, ids: Ids, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for command in (["runs", "--all"], ["runs", "--failed"], ["show", "conv"], ["curves", "conv", "dense"]):
        status, out, _ = cli(*command)
        assert status == 0
        assert max(map(len, out.splitlines())) <= width
        assert "…" not in out
    _, out, _ = cli("runs", "--all")
    assert ("no room for kind" in out) == (width < 90)
    assert all(ids[run][:8] in out for run in ids)


def test_csv_and_json_hold_the_same(cli: Cli, ids: Ids) -> None:
    listed = json.loads(cli("runs", "--all", "--json")[1])
    read = list(csv.DictReader(io.StringIO(cli("runs", "--all", "--csv")[1])))
    assert [{key: "" if value is None else str(value) for key, value in run.items()} for run in listed] == read
    coder = next(run for run in listed if run["name"] == "coder")
    assert (coder["validation"], coder["validation_metric"], coder["test_metric"]) == (0.01, "loss", "loss")
    assert coder["id"] == ids["coder"]


def test_a_run_that_goes_on_is_running_and_a_lost_one_is_dead(cli: Cli, own_store: Store, forged: Forge) -> None:
    forged("alive", status="RUNNING", curves={"train/loss": [0.5, 0.4]})
    dead = forged("dead", status="RUNNING")
    own_store.client.set_tag(dead, "deeplab.heartbeat", "1000")
    assert [run["status"] for run in json.loads(cli("runs", "--json")[1])] == ["DEAD", "RUNNING"]
    assert re.search(r"running +2/3 ", cli("runs")[1])
    assert names(cli, "--failed") == ["dead"]
    assert names(cli, "--where", "status=running") == ["alive"]


def test_a_run_of_plain_mlflow_may_have_a_word_where_we_have_a_number(folder: Path, cli: Cli) -> None:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    run = client.create_run(client.create_experiment("deeplab"), run_name="of_another")
    client.log_param(run.info.run_id, "training.epochs", "many")
    client.set_tag(run.info.run_id, "deeplab.kind", "train")
    client.set_terminated(run.info.run_id)
    assert names(cli) == ["of_another"]

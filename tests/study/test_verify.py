"""What a sweep and a study say is held against their trainings; nothing is trained here."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.report.sweep_tables import read_outcome
from deeplab.study.pack import study_runs
from deeplab.study.verify import with_results
from deeplab.sweep.grid import Axis
from deeplab.sweep.results.summary import TrialScores, summarise
from deeplab.sweep.results.tables import points_table, trials_table
from deeplab.tracking.find import all_runs
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.verify.verify import Verification

SCORES = ((0.5, 0.6), (0.7, 0.9))  # of each point and replicate
PLAN = {
    "axes": [{"key": "l2", "values": ["0", "1"]}],
    "points": [{"l2": "0"}, {"l2": "1"}],
    "replicates": 2,
    "config": {"sweep": {"metric": "val/accuracy"}},
}
STUDY = "title: t\nabout: a\nreplicates: 1\nentries: {decay: {run: [dataset=digits]}}\n"
HEAD = "entry,point,replicate,configuration,run,finished,data,device,commit,versions,seconds,scores\n"


@pytest.fixture
def sweep(folder: Path) -> tuple[Store, str]:
    """A sweep of two points as deeplab leaves it."""
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    parent = RunLog.begin(store, "s", {"sweep.metric": "val/accuracy"}, {"deeplab.kind": "sweep"}, None)
    trials = []
    with parent as log:
        for point, scores in enumerate(SCORES):
            for replicate, score in enumerate(scores):
                tags = {"deeplab.kind": "trial", "mlflow.parentRunId": log.run_id, "deeplab.point": str(point)}
                tags |= {"deeplab.replicate": str(replicate), "deeplab.trial": f"{point}{replicate}"}
                with RunLog.begin(store, f"l2={point} #{replicate + 1}", {}, tags, None) as trial:
                    trial.metrics(1, {"validation/accuracy": score, "time/training_seconds": 2.0})
                    trial.end("FINISHED")
                trials.append(TrialScores(point, replicate, trial.run_id, {"val/accuracy": score}, 2.0))
        axes = [Axis("l2", ("0", "1"))]
        summary = summarise([{"l2": "0"}, {"l2": "1"}], trials, "val/accuracy", 2)
        log.log_text("plan.json", json.dumps(PLAN))
        log.log_text("points.csv", points_table(axes, summary))
        log.log_text("trials.csv", trials_table(axes, summary))
        log.set_tag("deeplab.best_point", "l2=1")
        log.metrics(4, {"best/val/accuracy": 0.8})
        log.end("FINISHED")
    return store, log.run_id


def found(store: Store, study: Path | None = None) -> dict[str, str]:
    done = with_results(Verification((), 0, 0, 0), store, all_runs(store), study)
    return {each.what: each.detail for verdict in done.verdicts for each in verdict.findings if each.detail} | {
        each.what: each.detail for each in done.study if each.detail
    }


def forged(folder: Path, name: str, old: str, new: str) -> None:
    (path,) = folder.glob(f"mlruns/**/{name}")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_an_honest_sweep_says_what_its_trials_say(sweep: tuple[Store, str]) -> None:
    done = with_results(Verification((), 0, 0, 0), sweep[0], all_runs(sweep[0]), None)
    assert (done.outcome, len(done.verdicts[0].findings)) == ("identical", 5)
    assert sorted(run.name for run in done.passed_over) == ["l2=0 #1", "l2=0 #2", "l2=1 #1", "l2=1 #2"]


@pytest.mark.parametrize(
    ("name", "old", "new", "what", "told"),
    [
        ("trials.csv", "0.9", "0.95", "trials.csv", "val/accuracy is 0.95 in line 4, the trials give 0.9"),
        ("points.csv", "0.55", "0.85", "points.csv", "val/accuracy mean is 0.85 in line 1"),
        ("points.csv", "2,2,best", "2,2,", "points.csv", "best is empty in line 2"),
        ("points.csv", "undecided", "better", "points.csv", "verdict is better in line 1, the trials give undecided"),
        ("trials.csv", "\n2,1,1,", "\n2,1,1,0000", "trials.csv", "trial 0000"),
    ],
)
def test_a_changed_table_is_found(
    sweep: tuple[Store, str], folder: Path, name: str, old: str, new: str, what: str, told: str
) -> None:
    forged(folder, name, old, new)
    assert told in found(sweep[0])[what]


def test_a_better_best_score_and_point_are_found(sweep: tuple[Store, str]) -> None:
    store, run_id = sweep
    store.client.set_tag(run_id, "deeplab.best_point", "l2=7")
    store.client.log_metric(run_id, "best/val/accuracy", 0.99, step=5)
    details = found(store)
    assert details["best point"] == "the run says l2=7, points.csv l2=1"
    assert details["scores of the best point"] == "val/accuracy is 0.99, again 0.8"


def test_results_without_their_training_are_found_and_a_pack_takes_the_sweep_along(
    sweep: tuple[Store, str], folder: Path
) -> None:
    store, run_id = sweep
    study = folder / "study"
    study.mkdir()
    (study / "study.yaml").write_text(STUDY)
    trial = next(run.id for run in all_runs(store) if run.name == "l2=1 #2")
    line = f"decay,,0,abc,{trial},2026-01-01,,,,,2.0,test/accuracy=1.0\n"
    (study / "results.csv").write_text(HEAD + line)
    assert [run.id for run in study_runs(study, store)] == [run_id, trial]
    assert "has no config.yaml" in found(store, study)["results.csv: decay  #1"]
    (study / "results.csv").write_text(HEAD + line.replace(trial, "0" * 32))
    assert found(store, study)["results.csv: decay  #1"] == "there is no finished training 00000000"
    hidden = line.replace(trial, "0" * 32).rstrip() + " noisy@0=1\n"
    (study / "results.csv").write_text(HEAD + hidden)
    assert "results.csv: decay  #1" in found(store, study), "a rate under noise hides a training"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("points.csv", "\n1,0,2,", "\n1,0,many,"),
        ("points.csv", "0.55", "much"),
        ("points.csv", "difference,", "other,"),
        ("trials.csv", ",2.0\n", "\n"),
    ],
)
def test_a_table_that_deeplab_did_not_write_is_one_line(
    sweep: tuple[Store, str], folder: Path, name: str, old: str, new: str, cli: Callable[..., tuple[int, str, str]]
) -> None:
    forged(folder, name, old, new)
    with pytest.raises(UserError, match="did not write it so"):
        read_outcome(sweep[0], sweep[0].get_run(sweep[1]), [])
    status, _, err = cli("show", "s")
    assert (status, err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("command", "tag", "value"),
    [
        ("status", "deeplab.trials", "many"),
        ("show", "deeplab.folds", "1e9"),
        ("show", "deeplab.margin", "wide"),
        ("report", "deeplab.parameters", "0x10"),
    ],
)
def test_a_tag_that_deeplab_did_not_write_is_one_line(
    sweep: tuple[Store, str], cli: Callable[..., tuple[int, str, str]], command: str, tag: str, value: str
) -> None:
    store, run_id = sweep
    store.client.set_tag(run_id, tag, value)
    if tag == "deeplab.parameters":
        store.client.set_tag(run_id, "deeplab.kind", "train")
    status, out, err = cli(command, *(() if command == "status" else (run_id,)))
    assert (status, err.count("\n")) == (2, 1), out
    assert f"{tag} of a stored run is '{value}'" in err

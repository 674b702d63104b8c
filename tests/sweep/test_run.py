"""Real sweeps, real worker processes, real kills."""

import os
import re
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PATIENCE, wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., "subprocess.Popen[str]"]
TINY = (
    *("model=mlp_64_64", "dataset.limit=100", "dataset.image_size=8", "training.epochs=3", "tracking.save_model=none"),
    *("tracking.plots=none", "training.threads=1"),
)
# Trainings that last for as long as somebody needs to kill them.
LONG = ("training.epochs=4000", "training.checkpoint_seconds=0", "training.checkpoint_every=20")


def children(runs: list[Any]) -> list[Any]:
    return [run for run in runs if run.data.tags["deeplab.kind"] == "trial"]


def parent(runs: list[Any]) -> Any:
    (found,) = [run for run in runs if run.data.tags["deeplab.kind"] == "sweep"]
    return found


def workers_of(process: "subprocess.Popen[str]") -> list[int]:
    command = ["pgrep", "-P", str(process.pid), "-f", "spawn_main"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def test_a_sweep_and_the_same_command_again(
    folder: Path, cli: Callable[..., Any], runs: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary := folder / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    command = ["sweep", *TINY, "name=decay", "l2=1e-6,1e-2", "replicates=2", "launcher.workers=2", "tracking.plots=all"]
    command += ["sweep.reference={value: 0.95, label: Somebody}"]
    done = cli(*command)
    assert (done.status, done.err) == (0, "")
    assert re.search(r"^4/4  l2=", done.out, re.MULTILINE)
    assert "Best by mean validation accuracy: l2=" in done.out
    assert "Somebody: 95 %; the best is" in done.out
    found = runs()
    trials = children(found)
    assert Counter(run.info.status for run in found) == {"FINISHED": 5}
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parent(found).info.run_id}
    assert sorted(run.info.run_name for run in trials) == [f"l2={l2} #{n}" for l2 in ("0.01", "1e-06") for n in (1, 2)]
    assert {(run.data.params["l2"], run.data.tags["deeplab.replicate"]) for run in trials} == {
        (l2, replicate) for l2 in ("1e-06", "0.01") for replicate in "01"
    }
    assert {run.data.params["training.threads"] for run in trials} == {"1"}
    artifacts = Path(parent(found).info.artifact_uri.removeprefix("file://"))
    for name in ("plan.json", "points.csv", "trials.csv", "plots/sweep.png", "plots/curves/point-001.png"):
        assert (artifacts / name).stat().st_size > 100, name
    assert not list((folder / ".deeplab" / "sweeps").glob("*/plan.json"))
    assert not list(temporary.iterdir()), "a worker left files that were meant for a moment"

    again = cli(*command)
    assert (again.status, again.err) == (0, "")
    assert "4 of 4 trials are done already" in again.out
    assert len(runs()) == 5
    assert (
        again.out.partition("Best by mean")[2].splitlines()[0] == done.out.partition("Best by mean")[2].splitlines()[0]
    )

    changed = cli(*command, "training.epochs=2")
    assert changed.status == 2
    assert "training.epochs was 3, is 2 (in 4 trials)" in changed.err
    assert "--fresh" in changed.err
    assert len(runs()) == 5

    shown = cli("status", "latest")
    assert shown.status == 0
    assert len(re.findall("FINISHED", shown.out)) == 5
    assert "4 of 4" in shown.out


def test_a_dry_run_shows_the_plan_and_leaves_nothing(folder: Path, cli: Callable[..., Any]) -> None:
    before = sorted(folder.rglob("*"))
    done = cli("sweep", *TINY, "l2=linspace(1e-6,1e-3,5)", "replicates=3", "--dry-run")
    assert done.status == 0
    assert "5 points x 3 replicates = 15 trials" in done.out
    assert "0.00025075" in done.out
    assert sorted(folder.rglob("*")) == before


def test_one_trial_that_fails_does_not_stop_the_others(
    folder: Path, cli: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    done = cli("sweep", *TINY, "optimizer=sgd", "optimizer.learning_rate=0.1,1e30", "launcher.workers=1")
    assert done.status == 1
    assert "1 of 2 trials failed, the first 'learning_rate=1e+30': The loss became" in done.err
    assert Counter(run.info.status for run in children(runs())) == {"FINISHED": 1, "FAILED": 1}
    assert parent(runs()).info.status == "FAILED"
    assert parent(runs()).data.tags["deeplab.best_point"] == "learning_rate=0.1"


def test_a_killed_worker_takes_one_attempt_of_one_trial(
    folder: Path, start: Start, runs: Callable[[], list[Any]]
) -> None:
    command = [*TINY, "replicates=2", "launcher.workers=1", "launcher.retries=0", "training.epochs=60"]
    sweep = start("sweep", *command)
    wait_until(lambda: children(runs()) and "train/loss" in children(runs())[0].data.metrics)
    os.kill(workers_of(sweep)[0], signal.SIGKILL)
    out, _ = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 1, out
    assert "its worker was ended by SIGKILL" in out
    assert Counter(run.info.status for run in children(runs())) == {"FINISHED": 1, "FAILED": 1}
    again = start("sweep", *command)
    out, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, out
    assert Counter(run.info.status for run in children(runs())) == {"FINISHED": 2}


def test_a_sweep_that_is_ended_while_points_are_checked_leaves_nothing(
    folder: Path, start: Start, runs: Callable[[], list[Any]]
) -> None:
    for number, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
        sweep = start("sweep", *TINY, "replicates=2")
        wait_until(lambda: workers_of(sweep))  # noqa: B023
        checker = workers_of(sweep)[0]
        blocked = re.search(r"^SigBlk:\s*(\w+)", Path(f"/proc/{checker}/status").read_text(), re.MULTILINE)
        assert blocked and int(blocked[1], 16) >> signal.SIGINT - 1 & 1, "Ctrl-C would reach it while it starts"
        os.killpg(sweep.pid, number) if number == signal.SIGINT else sweep.kill()
        out, _ = sweep.communicate(timeout=PATIENCE)
        assert sweep.returncode == status
        if number == signal.SIGINT:
            assert out == "deeplab: Interrupted before the sweep began; nothing was started.\n"
        wait_until(lambda: not Path(f"/proc/{checker}/status").exists(), 30)  # noqa: B023
    assert runs() == []


def test_sigkill_of_the_parent_ends_its_workers_and_the_same_command_goes_on(
    folder: Path, start: Start, runs: Callable[[], list[Any]]
) -> None:
    import mlflow

    command = [*TINY, "replicates=2", "launcher.workers=2", "training.epochs=60", "training.engine=keras"]
    command += ["training.checkpoint_seconds=0", "training.checkpoint_every=5"]
    sweep = start("sweep", *command)
    checkpoints = folder / ".deeplab" / "checkpoints"
    wait_until(lambda: len(list(checkpoints.glob("*/*.ckpt"))) >= 2)
    workers = workers_of(sweep)
    assert len(workers) == 2
    sweep.kill()
    sweep.communicate()
    wait_until(lambda: not any(Path(f"/proc/{worker}/status").exists() for worker in workers), 30)
    again = start("sweep", *command)
    out, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, out
    found = children(runs())
    assert Counter(run.info.status for run in found) == {"FINISHED": 2}
    client = mlflow.MlflowClient()
    for run in found:
        steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "train/loss")]
        assert sorted(steps) == list(range(1, 61))


def test_ctrl_c_keeps_what_is_finished_and_only_one_process_carries_out_a_sweep(
    folder: Path, start: Start, runs: Callable[[], list[Any]]
) -> None:
    command = [*TINY, *LONG, "replicates=3", "launcher.workers=1"]
    sweep = start("sweep", *command)
    wait_until(lambda: children(runs()) and "train/loss" in children(runs())[0].data.metrics)
    second = start("sweep", *command)
    out, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2
    assert "is being carried out by another process" in out
    os.killpg(sweep.pid, signal.SIGINT)
    out, _ = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 130, out
    assert "0 of 3 trials are finished and kept. To go on: the same command again." in out
    assert Counter(run.info.status for run in runs()) == {"KILLED": 2}


@pytest.mark.long
def test_only_the_best_is_kept_where_that_is_asked_for(
    folder: Path, cli: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    command = [*TINY, "training.epochs=1", "tracking.save_model=best", "tracking.plots=best", "launcher.workers=1"]
    assert cli("sweep", *command, "replicates=2").status == 0
    for name in ("last.ckpt", "plots"):
        kept = [(Path(run.info.artifact_uri.removeprefix("file://")) / name).exists() for run in children(runs())]
        assert sorted(kept) == [False, True], name
    assert len(list(folder.glob("mlruns/models/*/artifacts/MLmodel"))) == 1

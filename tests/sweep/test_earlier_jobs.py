"""A cluster's jobs that go on while the sweep that submitted them is gone: real stores, a pretended launcher."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.sweep.pretended import AtOnce

from deeplab.config.compose import compose
from deeplab.sweep import run
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.plan import apply_checks, plan_sweep
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.check import PointCheck

METRICS = {"validation/accuracy": 0.5, "time/training_seconds": 1.0}


class Cluster(AtOnce):
    """A launcher whose jobs end at once, but for the first one, after which the sweep is lost."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, capacity=1)
        self.trained: list[str] = []
        self.lines: list[str] = []

    def submit(self, job: TrialJob) -> None:
        tags = {**job.tags, "deeplab.kind": "trial", "mlflow.parentRunId": job.parent_id}
        log = RunLog.begin(self._store, job.name, job.values, tags, None, {})
        self.trained.append(job.name)
        if len(self.trained) == 1:
            self._first = log
            raise RuntimeError("the sweep is lost")
        self._end(log)
        self._events.append(TrialEvent(job.number, "finished", run_id=log.run_id, metrics=METRICS))

    def told(self, lines: Sequence[str]) -> None:
        self.lines += lines
        self._end(self._first)

    def _end(self, log: RunLog) -> None:
        log.metrics(2, METRICS)
        log.end("FINISHED")


def test_the_same_command_waits_for_a_job_of_an_earlier_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_sweep(
        ["model=mlp_64_64", "training.epochs=2", "tracking.plots=none", "l2=0.1,0.2", "launcher=slurm"], None
    )
    plan = apply_checks(plan, [PointCheck("keras", 1, "0")] * 2)
    cluster = Cluster(open_store(compose([]).config.tracking))
    monkeypatch.setattr(run, "choose_launcher", lambda *_: cluster)
    monkeypatch.setattr(run, "EARLIER_SECONDS", 0.0)
    with pytest.raises(RuntimeError, match="the sweep is lost"):
        run.run_sweep(plan, cluster)
    result = run.run_sweep(plan, cluster)
    (line,) = cluster.lines
    assert line.startswith("'l2=0.1' (")
    assert line.endswith(
        ") is still being trained by a job of an earlier start; waiting until it ends, or shows no life for 60 s"
    )
    assert cluster.trained == ["l2=0.1", "l2=0.2"]
    assert [len(point.trials) for point in result.summary.points] == [1, 1]

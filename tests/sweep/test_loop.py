"""The loop that every sweep goes through, with launchers that only pretend to train."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.sweep.pretended import AtOnce

from deeplab.config.compose import compose
from deeplab.errors import Interrupted
from deeplab.sweep import run
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.plan import apply_checks, plan_sweep
from deeplab.tracking.store import open_store
from deeplab.workflows.check import PointCheck


class InterruptedInSubmission(AtOnce):
    """A launcher that Ctrl-C reaches while it starts the process of a trial, which is not there then."""

    def submit(self, job: TrialJob) -> None:
        raise KeyboardInterrupt

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        raise AssertionError("a trial is waited for that was never begun")


def test_a_trial_that_was_not_yet_submitted_is_not_waited_for(
    folder: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = apply_checks(plan_sweep(["model=mlp_64_64", "l2=1e-6,1e-3"], None), [PointCheck("keras", 1, "0")] * 2)
    launcher = InterruptedInSubmission(open_store(compose([]).config.tracking), 1)
    monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
    with pytest.raises(Interrupted, match="0 of 2 trials are finished"):
        run.run_sweep(plan, launcher)

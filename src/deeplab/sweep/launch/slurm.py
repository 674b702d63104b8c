"""Trials as jobs of a Slurm cluster, submitted through submitit."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError, UncompletedJobError

from deeplab.config.schema import SlurmLauncherConfig
from deeplab.errors import UserError
from deeplab.files import write_file
from deeplab.machine import cores
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.trial import last_event
from deeplab.visible import visible_line

MOST_JOBS = 500
POLL_SECONDS = 0.2
# A job may outlive its sweep: after so long without an answer it goes on, and asks no more.
ANSWER_SECONDS = 600.0


class SlurmLauncher:
    """Jobs in Slurm's queue; `cluster: local` runs the same jobs as processes of this machine."""

    def __init__(self, config: SlurmLauncherConfig, folder: Path) -> None:
        """Find the cluster, or raise a UserError; every node must see the folder, which takes the jobs' files."""
        if config.cluster == "slurm" and shutil.which("sbatch") is None:
            raise UserError(
                "launcher=slurm: the command sbatch is not found here. Start the sweep on a node that can submit jobs, "
                "or try it out with launcher.cluster=local."
            )
        # The script that sbatch gets is made of lines, and the folder stands in some of them.
        if visible_line(str(folder)) != str(folder):
            raise UserError(f"launcher=slurm: the folder {visible_line(str(folder))} has a line break in its name.")
        self._executor = submitit.AutoExecutor(folder=folder / "jobs", cluster=config.cluster)
        self._executor.update_parameters(
            name="deeplab",
            timeout_min=config.minutes,
            mem_gb=config.memory_gb,
            cpus_per_task=config.cpus_per_trial,
            gpus_per_node=config.gpus_per_trial,
            **({"slurm_partition": config.partition} if config.partition else {}),
        )
        self.capacity = MOST_JOBS if config.cluster == "slurm" else max(1, cores() // config.cpus_per_trial)
        self._jobs: dict[int, Any] = {}
        # Jobs that ask do so through files, each by a name of its own.
        self._questions = folder / "questions"
        self._questions.mkdir(parents=True, exist_ok=True)
        self._asking: dict[int, Path] = {}

    def submit(self, job: TrialJob) -> None:
        """Put a trial into the queue."""
        if job.asks:
            self._asking[job.number] = self._questions / uuid4().hex
        try:
            self._jobs[job.number] = self._executor.submit(train, job, self._asking.get(job.number))
        except FailedSubmissionError as error:
            raise UserError(f"launcher=slurm: the job was refused ({error}).") from error

    def answer(self, answer: ContinueReply) -> None:
        """Tell a trial that asked whether it is to go on."""
        path = self._asking[answer.number].with_suffix(".answer")
        write_file(path, json.dumps([answer.epoch, answer.go_on]).encode())

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        """Epochs of the trials that ask, and the last events of those whose jobs ended; of others nothing is told."""
        deadline = time.monotonic() + seconds
        while True:
            events = list(self._asked())
            events += [self._last_event(number) for number, job in list(self._jobs.items()) if job.done()]
            if events or time.monotonic() >= deadline:
                return events
            time.sleep(POLL_SECONDS)

    def interrupt(self) -> None:
        """Cancel every job; one that runs is told by a signal and logs what it has."""
        for job in self._jobs.values():
            job.cancel()

    def close(self) -> None:
        """Cancel what is left."""
        self.interrupt()
        self._jobs.clear()

    def _asked(self) -> Iterator[TrialEvent]:
        for path in self._questions.glob("*.epoch"):
            event = TrialEvent(**json.loads(path.read_text()))
            path.unlink()
            if self._asking.get(event.number) == path.with_suffix(""):  # else its job is gone
                yield event

    def _last_event(self, number: int) -> TrialEvent:
        job = self._jobs.pop(number)
        self._asking.pop(number, None)
        try:
            event: TrialEvent = job.result()
        except (UncompletedJobError, FailedJobError) as error:
            why = str(error).strip().splitlines()[0]
            return TrialEvent(number, "died", f"its job is gone ({why})")
        return event


def train(job: TrialJob, question: Path | None) -> TrialEvent:
    """Train a trial; one that asks does so through files whose names begin with `question`."""
    return last_event(job, None if question is None else asks_through(question))


def asks_through(question: Path) -> Callable[[TrialEvent], bool]:
    """What a trial asks after each epoch whether to go on; it does where there is no answer."""
    is_heard = True

    def should_continue(event: TrialEvent) -> bool:
        nonlocal is_heard
        if not is_heard:
            return True
        path, deadline = question.with_suffix(".answer"), time.monotonic() + ANSWER_SECONDS
        write_file(question.with_suffix(".epoch"), json.dumps(asdict(event)).encode())
        while time.monotonic() < deadline:
            epoch, go_on = json.loads(path.read_text()) if path.exists() else (None, True)
            if epoch == event.epoch:
                return bool(go_on)
            time.sleep(POLL_SECONDS)
        is_heard = False
        return True

    return should_continue

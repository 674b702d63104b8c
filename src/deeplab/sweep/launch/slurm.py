"""Trials as jobs of a Slurm cluster, submitted through submitit."""

import hashlib
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
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
from deeplab.workflows.signals import install_handlers

MOST_JOBS = 500
POLL_SECONDS = 0.2
QUEUE_SECONDS = 10.0  # between two looks at the queue
CANCEL_SECONDS = 60.0
# Before the time limit, so that a trial ends with a checkpoint; of short jobs half the time.
WARNING_SECONDS = 90
LATE = "its job came to the time limit (more with launcher.minutes)"
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
        # By which the jobs of this sweep are known, also those of a start whose parent is gone.
        self._name = f"deeplab-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
        self._is_queue = config.cluster == "slurm"
        self._executor.update_parameters(
            name=self._name,
            timeout_min=config.minutes,
            mem_gb=config.memory_gb,
            cpus_per_task=config.cpus_per_trial,
            gpus_per_node=config.gpus_per_trial,
            slurm_signal_delay_s=min(WARNING_SECONDS, 30 * config.minutes),
            **({"slurm_partition": config.partition} if config.partition else {}),
        )
        self.capacity = MOST_JOBS if self._is_queue else max(1, cores() // config.cpus_per_trial)
        self._jobs: dict[int, Any] = {}
        # Jobs that ask do so through files, each by a name of its own.
        self._questions = folder / "questions"
        self._questions.mkdir(parents=True, exist_ok=True)
        self._asking: dict[int, Path] = {}
        self._looked = time.monotonic()
        self._absent: set[int] = set()  # from the queue when it was last looked at, and without a result
        if self._is_queue:
            self._cancel_earlier()

    def submit(self, job: TrialJob) -> None:
        """Put a trial into the queue."""
        if job.asks:
            self._asking[job.number] = self._questions / uuid4().hex
        try:
            self._jobs[job.number] = self._executor.submit(train, job, self._asking.get(job.number))
        except (FailedSubmissionError, FailedJobError) as error:
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
            events += [self._last_event(number) for number in self._done()]
            if events or time.monotonic() >= deadline:
                return events
            time.sleep(POLL_SECONDS)

    def interrupt(self) -> None:
        """Cancel every job; one that runs is told by a signal and logs what it has."""
        if self._is_queue:
            _ask("scancel", f"--name={self._name}")
            return
        for job in self._jobs.values():
            job.cancel(check=False)

    def close(self) -> None:
        """Cancel what is left."""
        self.interrupt()
        self._jobs.clear()

    def _cancel_earlier(self) -> None:
        """Cancel what a start whose parent was killed left in the queue: it would train the same trials."""
        deadline = time.monotonic() + CANCEL_SECONDS
        while self._queued() and time.monotonic() < deadline:
            self.interrupt()
            time.sleep(1)

    def _queued(self) -> set[str] | None:
        """The jobs of this sweep that wait or run, or None where Slurm does not answer."""
        told = _ask("squeue", "--noheader", "--format=%A", f"--name={self._name}")
        return None if told is None else set(told.split())

    def _done(self) -> list[int]:
        """The trials whose jobs have a result, or are gone; `sacct`, which not every cluster has, is not asked."""
        if not self._is_queue:
            return [number for number, job in self._jobs.items() if job.done()]
        done = {number for number, job in self._jobs.items() if job.paths.result_pickle.exists()}
        if time.monotonic() >= self._looked + QUEUE_SECONDS:
            queued = self._queued()
            self._looked = time.monotonic()
            if queued is not None:
                absent = {number for number, job in self._jobs.items() if job.job_id not in queued} - done
                # Twice, since a shared folder may show a result late.
                done |= absent & self._absent
                self._absent = absent - done
        return sorted(done)

    def _asked(self) -> Iterator[TrialEvent]:
        for path in self._questions.glob("*.epoch"):
            event = TrialEvent(**json.loads(path.read_text()))
            path.unlink()
            if self._asking.get(event.number) == path.with_suffix(""):  # else its job is gone
                yield event

    def _last_event(self, number: int) -> TrialEvent:
        job = self._jobs.pop(number)
        self._asking.pop(number, None)
        if self._is_queue and not job.paths.result_pickle.exists():  # submitit would ask sacct, and wait for ever
            return TrialEvent(number, "died", f"its job {job.job_id} is gone (see {job.paths.stderr})")
        try:
            event: TrialEvent = job.result()
        except (UncompletedJobError, FailedJobError) as error:
            why = str(error).strip()
            # The warning came before the training began.
            text = LATE if "timed-out" in why else f"its job is gone ({why.splitlines()[0]})"
            return TrialEvent(number, "died", text)
        return event


def train(job: TrialJob, question: Path | None) -> TrialEvent:
    """Train a trial; one that asks does so through files whose names begin with `question`."""
    is_late = False

    def be_late(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_late
        is_late = True
        signal.raise_signal(signal.SIGTERM)

    # submitit ignores what Slurm sends to a job that is cancelled, and a warning of the time limit is an error to it.
    install_handlers()
    signal.signal(signal.SIGUSR2, be_late)
    event = last_event(job, None if question is None else asks_through(question))
    if is_late and event.kind == "killed":
        return replace(event, text=LATE)
    return event


def _ask(*command: str) -> str | None:
    """What a command of Slurm says; None where it fails, as while the controller is away."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


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

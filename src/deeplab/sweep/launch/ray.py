"""Trials as tasks of a Ray cluster; Ray finds a place for each and starts a process there."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import ray
from ray._private import ray_constants
from ray.exceptions import RayError, TaskCancelledError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from deeplab.config.schema import RayLauncherConfig
from deeplab.errors import RunError, UserError
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.trial import last_event
from deeplab.tracking.beside import Beside
from deeplab.tracking.location import PORTS

CONNECT_SECONDS = 5.0
# Without an answer of the head, after which it is gone; Ray itself ends this process after 60, with many lines.
HEAD_SECONDS = 20.0
# What a task needs to know of the environment that the sweep was started in: always, and where runs go to a server.
_PASSED_ON = ("DEEPLAB_DATA",)
_TO_A_SERVER = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


class RayLauncher:
    """Tasks of a Ray cluster that runs, or of one that is started on this machine for the sweep."""

    def __init__(self, config: RayLauncherConfig, folder: Path) -> None:
        """Join the cluster; a UserError where it cannot be reached, or none of its machines can take a trial."""
        self._config = config
        folder.mkdir(parents=True, exist_ok=True)
        if config.address is not None:
            _check_reachable(config.address)
        if config.address is None or config.address.startswith(("127.0.0.1:", "localhost:")):
            # Else Ray replaces 127.0.0.1 by the machine's outer address: a cluster of our own would be open to
            # whoever reaches the machine, and one that listens on 127.0.0.1 would not be found.
            ray_constants.ENABLE_RAY_CLUSTER = False
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            ray.init(
                address=config.address or "local",
                # A cluster of our own listens on this machine alone.
                _node_ip_address=None if config.address else "127.0.0.1",
                include_dashboard=None if config.address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (RayError, ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(f"launcher.address={config.address}: Ray cannot be used ({error}).") from error
        cluster: Any = ray
        try:
            check_room(config, cluster.nodes())
        except UserError:
            ray.shutdown()
            raise
        self._head = config.address or ray.get_runtime_context().gcs_address
        # A process for each trial, since threads, precision and memory are matters of a process.
        self._task: Any = ray.remote(max_calls=1, max_retries=0)(_train)
        self._trials: dict[Any, int] = {}
        # What trials ask through, each by a name of its own: started when there is one that asks.
        self._questions: Any = None
        self._next_question: Any = None
        self._asking: dict[int, str] = {}

    @property
    def capacity(self) -> int:
        """How many trials the cluster takes at once, as it is now; nodes may come and go, the head may not."""
        cluster: Any = ray
        there = answer_of(self._head, cluster.cluster_resources)
        takes = int(there.get("CPU", 0) // self._config.cpus_per_trial)
        if self._config.gpus_per_trial:
            takes = min(takes, int(there.get("GPU", 0) / self._config.gpus_per_trial))
        return max(1, takes)

    def submit(self, job: TrialJob) -> None:
        """Hand a trial to Ray."""
        task = self._task.options(
            num_cpus=self._config.cpus_per_trial,
            num_gpus=self._config.gpus_per_trial,
            runtime_env={"env_vars": passed_on(job.uri)},
        )
        questions = None
        if job.asks:
            questions, self._asking[job.number] = self._ask_through(), uuid4().hex
        reference = task.remote(job, str(Path.cwd()), questions, self._asking.get(job.number))
        self._trials[reference] = job.number

    def answer(self, answer: ContinueReply) -> None:
        """Tell a trial that asked whether it is to go on."""
        self._questions.answer.remote(self._asking[answer.number], answer.go_on)

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        """An epoch of a trial that asks, or the last event of one that ended; of others Ray tells nothing meanwhile."""
        waiting = [*self._trials, *([self._next_question] if self._questions is not None else [])]
        ready, _ = ray.wait(waiting, num_returns=1, timeout=seconds)
        return [event for each in ready for event in self._heard(each)]

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in every task, and let none begin that waits."""
        for task in self._trials:
            ray.cancel(task, force=False)

    def close(self) -> None:
        """End every task and leave the cluster."""
        for task in self._trials:
            ray.cancel(task, force=True)
        ray.shutdown()

    def _ask_through(self) -> Any:
        if self._questions is None:
            # On the machine of the sweep, so that it is lost with the sweep alone. It takes no core.
            here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
            actor: Any = ray.remote(num_cpus=0)(_Questions)
            self._questions = actor.options(scheduling_strategy=here).remote()
            self._next_question = self._questions.next.remote()
        return self._questions

    def _heard(self, reference: Any) -> Sequence[TrialEvent]:
        if reference in self._trials:
            return [self._last_event(reference)]
        name, event = ray.get(reference)
        self._next_question = self._questions.next.remote()
        return [event] if self._asking.get(event.number) == name else []  # else its worker is gone

    def _last_event(self, task: Any) -> TrialEvent:
        number = self._trials.pop(task)
        self._asking.pop(number, None)
        try:
            event: TrialEvent = ray.get(task)
        except TaskCancelledError:
            return TrialEvent(number, "killed", "ended with its sweep")
        except RayError as error:
            return TrialEvent(number, "died", f"its Ray worker is gone ({type(error).__name__})")
        return event


def _train(job: TrialJob, folder: str, questions: Any = None, name: str | None = None) -> TrialEvent:
    if Path(folder).is_dir():
        os.chdir(folder)  # what is given as a relative path is meant from where the sweep was started

    def should_continue(event: TrialEvent) -> bool:
        try:
            return bool(ray.get(questions.ask.remote(name, event)))
        except TaskCancelledError as error:  # the question is cancelled with the trial
            raise KeyboardInterrupt from error

    return last_event(job, should_continue if job.asks else None)


class _Questions:
    """An actor between trials that ask whether to go on and the sweep that answers."""

    def __init__(self) -> None:
        self._asked: asyncio.Queue[tuple[str, TrialEvent]] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[bool]] = {}

    async def ask(self, name: str, event: TrialEvent) -> bool:
        """Hand on the epoch of a trial, and wait for the answer."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._answers[name] = answer
        await self._asked.put((name, event))
        return await answer

    async def next(self) -> tuple[str, TrialEvent]:
        """Wait for a question."""
        return await self._asked.get()

    async def answer(self, name: str, go_on: bool) -> None:
        """Answer the question of a trial."""
        answer = self._answers.pop(name)
        if not answer.done():  # its trial was cancelled
            answer.set_result(go_on)


def passed_on(uri: str) -> dict[str, str]:
    """The environment variables that are sent to the cluster with a trial, whose runs go to this store."""
    names = (*_PASSED_ON, *(_TO_A_SERVER if urlsplit(uri).scheme in PORTS else ()))
    return {name: os.environ[name] for name in names if name in os.environ}


def check_room(config: RayLauncherConfig, nodes: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what Ray would wait for without a word: more than any of the nodes has, as Ray describes them."""
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    cores, gpus = config.cpus_per_trial, config.gpus_per_trial
    if not any(has.get("CPU", 0) >= cores and has.get("GPU", 0) >= gpus for has in alive):
        there = "; ".join(f"{has.get('CPU', 0):g} and {has.get('GPU', 0):g}" for has in alive[:3])
        raise UserError(
            f"launcher=ray: a trial asks for {cores} cores and {gpus:g} GPUs, but no machine of the cluster has both "
            f"({there}). Ask for less with launcher.cpus_per_trial and launcher.gpus_per_trial."
        )


def answer_of(head: str, ask: Callable[[], Mapping[str, Any]], seconds: float = HEAD_SECONDS) -> Mapping[str, Any]:
    """What the head of a cluster answers; a RunError where it does not for so long, in which Ray only waits."""
    answers: list[Mapping[str, Any]] = []
    beside = Beside(is_used=True)
    beside.do(lambda: answers.append(ask()))
    try:
        beside.wait(seconds)
    except TimeoutError as error:
        raise RunError(
            f"launcher=ray: the head of the cluster at {head} is gone, it did not answer for {seconds:.0f} s. "
            "What is finished is kept. To go on: the same command again, once the cluster is started again."
        ) from error
    return answers[0]


def _check_reachable(address: str) -> None:
    """Fail at once where Ray would try again for long."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address == "auto":
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise UserError(
            f"launcher.address={address}: no Ray cluster can be reached there ({error}). "
            "Start one with 'ray start --head', or leave the address out."
        ) from error

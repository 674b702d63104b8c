"""The local launcher with workers that only pretend to train."""

import importlib
import os
import re
import signal
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Outcome, put_nvidia_smi

from deeplab.config.compose import compose
from deeplab.config.schema import LocalLauncherConfig
from deeplab.errors import UserError
from deeplab.machine import CARDS
from deeplab.sweep.launch import local
from deeplab.sweep.launch.worker import MOST_GROWTH_BYTES, keeps_memory
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.workers import cards_of, threads_of, workers_of

# Answers each trial with its own process id, and says after trial 1 that it kept memory.
PRETENDER = """
    import os
    from deeplab.sweep.messages import TrialEvent

    def work(connection, log, temporary):
        while True:
            job = connection.recv()
            keeps = job.number == 1
            connection.send((TrialEvent(job.number, "finished", str(os.getpid())), keeps))
            if keeps:
                return
"""


# Tells which cards TensorFlow will see, once it is imported; trial 5 dies.
LOOKER = """
    import os, sys
    from deeplab.sweep.messages import TrialEvent

    SEEN = os.environ.get("CUDA_VISIBLE_DEVICES")

    def work(connection, log, temporary):
        while True:
            job = connection.recv()
            if job.number == 5:
                os._exit(1)
            assert "tensorflow" not in sys.modules
            connection.send((TrialEvent(job.number, "finished", str(SEEN)), False))
"""


def pretend(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers of the launcher do what a program says instead of training."""
    name = f"pretender_{folder.name}"
    (folder / f"{name}.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(local, "work", importlib.import_module(name).work)


def job(number: int, device: str = "auto") -> TrialJob:
    return TrialJob(number, "trial", compose([f"training.device={device}"]).values, (), {}, "parent", "uri", None)


def told(launcher: local.LocalLauncher, count: int) -> dict[int, str]:
    """What so many trials tell, whichever way they end."""
    events: dict[int, str] = {}
    deadline = time.monotonic() + 60
    while len(events) < count and time.monotonic() < deadline:
        events |= {event.number: event.text for event in launcher.wait(1)}
    return events


def finished(launcher: local.LocalLauncher, number: int) -> TrialEvent:
    launcher.submit(job(number))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for event in launcher.wait(1):
            assert (event.number, event.kind) == (number, "finished")
            return event
    raise AssertionError("no answer")


def test_a_worker_is_used_again_until_a_trial_keeps_memory_and_then_another_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(PRETENDER, tmp_path, monkeypatch)
    launcher = local.LocalLauncher(1, tmp_path / "logs")
    try:
        processes = [finished(launcher, number).text for number in range(3)]
    finally:
        launcher.close()
    assert processes[0] == processes[1] != processes[2]


def test_no_worker_is_left_when_a_launcher_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(PRETENDER.replace("== 1", "== -1"), tmp_path, monkeypatch)
    launcher = local.LocalLauncher(4, tmp_path / "logs")
    for number in range(4):
        launcher.submit(job(number))
    processes = [int(text) for text in told(launcher, 4).values()]
    launcher.close()
    left = [number for number in processes if Path(f"/proc/{number}").exists()]
    for number in left:
        os.kill(number, signal.SIGKILL)
    assert (len(set(processes)), left) == (4, [])


@pytest.mark.parametrize(("more", "keeps"), [(0, False), (MOST_GROWTH_BYTES, False), (MOST_GROWTH_BYTES + 1, True)])
def test_memory_is_measured_against_what_the_first_trial_left(more: int, keeps: bool) -> None:
    assert keeps_memory(1 << 30, (1 << 30) + more) is keeps


def asked(gpus: object = "all", workers: int | None = None) -> LocalLauncherConfig:
    return LocalLauncherConfig("local", workers, gpus, 1)


@pytest.fixture
def four_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CARDS, raising=False)
    put_nvidia_smi(tmp_path, monkeypatch, 4)


@pytest.mark.usefixtures("four_cards")
def test_each_worker_sees_a_card_of_its_own_and_another_takes_that_of_one_that_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(LOOKER, tmp_path, monkeypatch)
    config = asked()
    launcher = local.LocalLauncher(workers_of(config, "auto", 9), tmp_path / "logs", cards_of(config, "auto"))
    assert launcher.capacity == 4
    try:
        for number in range(4):
            launcher.submit(job(number))
        assert told(launcher, 4) == {0: "0", 1: "1", 2: "2", 3: "3"}
        launcher.submit(job(5))
        assert told(launcher, 1) == {5: "its worker ended with status 1"}
        for number in range(6, 10):
            launcher.submit(job(number))
        again = told(launcher, 4)
        assert sorted(again.values()) == ["0", "1", "2", "3"]
    finally:
        launcher.close()
    assert CARDS not in os.environ


@pytest.mark.usefixtures("four_cards")
def test_two_share_a_card_where_that_is_asked_for_and_a_numbered_device_sees_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(LOOKER, tmp_path, monkeypatch)
    config = asked((3, 1), workers=2)
    launcher = local.LocalLauncher(workers_of(config, "gpu", 9), tmp_path / "logs", cards_of(config, "gpu"))
    try:
        for number in range(4):
            launcher.submit(job(number, "gpu"))
        assert told(launcher, 4) == {0: "3", 1: "1", 2: "3", 3: "1"}
        launcher.submit(job(4, "gpu:2"))
        assert told(launcher, 1) == {4: "None"}
    finally:
        launcher.close()


@pytest.mark.usefixtures("four_cards")
@pytest.mark.parametrize(
    ("config", "device", "workers"),
    [
        (asked(), "auto", 4),
        (asked(2), "gpu", 2),
        (asked(workers=2), "auto", 8),
        (asked((2,), workers=3), "auto", 3),
        (asked(), "gpu:1", 1),
        (asked(), "gpu:0,1", 1),
        (asked(workers=3), "cpu", 3),
    ],
)
def test_workers_are_as_many_as_cards_times_those_that_share_one(
    monkeypatch: pytest.MonkeyPatch, config: LocalLauncherConfig, device: str, workers: int
) -> None:
    monkeypatch.setattr("deeplab.sweep.workers.cores", lambda: 16)
    assert workers_of(config, device, 100) == workers
    assert threads_of(config, device, 100) == 16 // workers


@pytest.mark.usefixtures("four_cards")
@pytest.mark.parametrize(
    ("gpus", "line"),
    [
        ("5", "launcher.gpus=5: there are not so many cards, nvidia-smi lists 4 that this process may use."),
        ("[0,4]", "launcher.gpus=[0, 4]: there are not so many cards, nvidia-smi lists 4"),
        ("[0,0]", "launcher.gpus: must name each card once, got [0, 0]."),
        ("-1", "launcher.gpus: must be all, how many cards as in 2, or which as in [0,1], got -1."),
        ("[-1]", "launcher.gpus: must be all, how many cards"),
        ("[]", "launcher.gpus: must be all, how many cards"),
        ("0", "launcher.gpus: must be all, how many cards"),
        ("true", "launcher.gpus: must be all, how many cards"),
        ("some", "launcher.gpus: must be all, how many cards"),
    ],
)
def test_cards_that_there_are_not_are_refused_before_anything_begins(
    cli: Callable[..., Outcome], runs: Callable[[], list], gpus: str, line: str
) -> None:
    status, _, err = cli("sweep", "seed=1,2", f"launcher.gpus={gpus}")
    assert status == 2
    assert line in err and err.count("\n") == 1
    assert not runs()


def test_cards_of_trainings_that_use_none_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, 4)
    with pytest.raises(
        UserError, match="launcher.gpus=2 divides cards among trials of training.device=gpu, which is cpu"
    ):
        cards_of(asked(2), "cpu")
    monkeypatch.setenv(CARDS, "")
    with pytest.raises(UserError, match="launcher.gpus=1: there are not so many cards, there are none here."):
        cards_of(asked(1), "auto")
    assert cards_of(asked(), "auto") == ()


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.usefixtures("four_cards")
def test_a_sweep_gives_each_of_its_processes_a_card(start: Callable[..., Any]) -> None:
    sweep = start("sweep", "model=mlp_64_64", "seed=1,2,3,4", "training.epochs=1", "dataset.limit=100")
    seen: dict[str, str] = {}
    while sweep.poll() is None:
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):  # it has just ended
                parent = int(path.with_name("stat").read_text().rpartition(")")[2].split()[1])
                if parent == sweep.pid:  # a worker, and not the Git that one starts
                    card = re.search(rb"\0CUDA_VISIBLE_DEVICES=([^\0]*)\0", path.read_bytes())
                    seen |= {path.parent.name: card[1].decode()} if card else {}
        time.sleep(0.1)
    sweep.communicate()
    assert sweep.returncode == 0
    assert sorted(seen.values()) == ["0", "1", "2", "3"]

"""Whatever ends a run, and whenever, it is not left RUNNING: signals at every moment, to all that write runs."""

import _thread
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from deeplab.config.compose import compose
from deeplab.data.input_spec import describe_inputs
from deeplab.data.load import load
from deeplab.errors import Interrupted, RunError, Terminated, UserError
from deeplab.sweep import grid_source
from deeplab.sweep import run as sweep
from deeplab.sweep.budget import Budget
from deeplab.sweep.loop import TrialLoop
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.plan import apply_checks, plan_sweep
from deeplab.sweep.search import source as search
from deeplab.sweep.search.choose import run_search
from deeplab.sweep.search.plan import plan_search
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.training.checkpoint import Checkpoint
from deeplab.training.history import History
from deeplab.workflows import evaluate, train
from deeplab.workflows.artifacts import DATASET_FILE
from deeplab.workflows.check import PointCheck
from deeplab.workflows.noise import evaluate as noise
from deeplab.workflows.prepare import prepare
from deeplab.workflows.recording import recorded
from deeplab.workflows.signals import ENDING, install_handlers
from deeplab.workflows.trained_run import TrainedRun

pytestmark = pytest.mark.slow

SMALL = ("model=mlp_64_64", "dataset.image_size=8", "dataset.limit=60", "tracking.plots=none")
UNSAVED = "tracking.save_model=none"
CHECKED = PointCheck("keras", 1, "0" * 64)
WORKFLOWS = ("train", "evaluate", "noise", "sweep", "search")
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
Run = Callable[[], object]


class Trials:
    """A launcher of none."""

    capacity = 1

    def __init__(self) -> None:
        self.done: list[str] = []

    def interrupt(self) -> None:
        self.done.append("interrupt")

    def close(self) -> None:
        self.done.append("close")


@pytest.fixture(autouse=True)
def _listening() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    install_handlers()
    heard = {number: signal.getsignal(number) for number in ENDING}
    yield
    after = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert after == heard, "the handlers are not what they were"


@pytest.fixture
def store(folder: Path) -> Store:
    return open_store(compose([]).config.tracking)


@pytest.fixture
def trained(store: Store) -> str:
    """The id of a run as a training leaves it."""
    composed = compose([*SMALL, "name=digits"])
    splits = load(composed.config.dataset, store.place.work_folder)
    tags = {"deeplab.kind": "train", "deeplab.dataset_sha256": splits.info.fingerprint}
    files = {"config.yaml": yaml.safe_dump(dict(composed.values)), DATASET_FILE: describe_inputs(splits).to_json()}
    with RunLog.begin(store, "digits", composed.values, tags, None, files) as log:
        log.end("FINISHED")
    return log.run_id


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return prepare(compose(SMALL).config, tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def workflows(store: Store, trained: str, prepared: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Run], Run]:
    """One of the five, without what takes long: instead of its work it does what it is given."""

    def made(name: str, work: Run) -> Run:
        def worked(*_arguments: object, **_named: object) -> None:
            work()

        monkeypatch.setattr(TrainedRun, "network", lambda _: None)
        if name == "train":
            monkeypatch.setattr(train, "prepare", lambda *_, **_named: prepared)
            checkpoint = Checkpoint(History(()), False, {}, {}, {}, {})
            monkeypatch.setattr("deeplab.training.fit.fit", lambda *_, **_named: worked() or checkpoint)
            monkeypatch.setattr(train, "_score_and_log", lambda *_: ({}, {}))
            return partial(train.train, compose([*SMALL, UNSAVED]))
        if name == "evaluate":
            monkeypatch.setattr(evaluate, "score_rows", lambda *_: ({"loss": 0.5}, None))
            monkeypatch.setattr(evaluate, "_log", worked)
            return partial(evaluate.evaluate, trained, [], None)
        if name == "noise":
            monkeypatch.setattr(noise, "_evaluate", worked)
            monkeypatch.setattr(noise, "rates_of", lambda *_: {})
            monkeypatch.setattr(noise, "log_outcome", lambda *_: None)
            settings = noise.NoiseSettings(trained, (), None, (0.5,), 1)
            return partial(noise.noise_curve, settings, store, noise.NoiseObserver())
        monkeypatch.setattr(sweep, "choose_launcher", lambda *_: Trials())
        monkeypatch.setattr(TrialLoop, "run", worked)
        if name == "sweep":
            monkeypatch.setattr(grid_source, "log_outcome", lambda *_: None)
            monkeypatch.setattr(grid_source, "summarise", lambda *_, **_named: None)
            plan = apply_checks(plan_sweep([*SMALL, "l2=0.1,0.2"], None), [CHECKED] * 2)
            return partial(sweep.run_sweep, plan, SweepObserver())
        monkeypatch.setattr(search, "log_search", lambda *_: None)
        planned = replace(plan_search([*SMALL, "l2=0.1,0.2"], None, "random", Budget(trials=2)), checked=CHECKED)
        return partial(run_search, planned, SweepObserver())

    return made


@pytest.fixture
def status(store: Store, trained: str) -> Callable[[], list[str]]:
    """The status of every run but the one that others are made of."""
    return lambda: [
        run.info.status for run in store.client.search_runs([store.experiment_id]) if run.info.run_id != trained
    ]


def before_and_after(function: Any, first: Callable[[], object] | None, then: Callable[[], object] | None) -> Any:
    """A function with something done before it, or after."""

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if first is not None:
            first()
        result = function(*arguments, **named)
        if then is not None:
            then()
        return result

    return wrapped


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_signal_at_any_moment_leaves_no_run_that_is_running(
    name: str,
    number: signal.Signals,
    workflows: Callable[[str, Run], Run],
    status: Callable[[], list[str]],
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send, nothing = partial(signal.raise_signal, number), lambda: None
    work: dict[str, Run] = {"now": nothing}

    def worked() -> None:
        work["now"]()

    run = workflows(name, worked)
    sums_up = name in ("sweep", "search")
    told = KeyboardInterrupt if number == signal.SIGINT else Terminated
    begin, end, flush, client = RunLog.begin.__func__, RunLog.end, RunLog.flush, type(store.client)  # type: ignore[attr-defined]

    def gone() -> None:
        for each in store.client.search_runs([store.experiment_id]):
            if each.data.tags["deeplab.kind"] != "train" or each.info.run_name != "digits":
                store.client.delete_run(each.info.run_id)

    def patched(owner: Any, attribute: str, function: Any) -> None:
        context.setattr(owner, attribute, function)

    def ends(status_then: str) -> Callable[..., object]:
        def ended(log: RunLog, status: str, error: str | None = None) -> None:
            if status == status_then:
                send()
            end(log, status, error)  # type: ignore[arg-type]
            if status == status_then:
                send()

        return ended

    moments: Mapping[str, tuple[Any, ...]] = {
        # where it comes: what does so, what is raised, and what becomes of the run
        "before the run": (lambda: patched(recorded, "__init__", before_and_after(recorded.__init__, send, None)),
                           told, []),
        "while it is created": (lambda: patched(client, "create_run", before_and_after(client.create_run, send, None)),
                                Interrupted, ["KILLED"]),
        "just after": (lambda: patched(RunLog, "begin", classmethod(before_and_after(begin, None, send))),
                       Interrupted, ["KILLED"]),
        "while it works": (lambda: work.update(now=send), Interrupted, ["KILLED"]),
        "turned into another error": (lambda: work.update(now=partial(turned, send)), Interrupted, ["KILLED"]),
        # Sweeps hold signals back while they sum up.
        "while the last lines are written": (lambda: patched(RunLog, "flush", before_and_after(flush, send, None)),
                                             *((None, ["FINISHED"]) if sums_up else (Interrupted, ["KILLED"]))),
        "while it is finished": (lambda: patched(RunLog, "end", ends("FINISHED")), None, ["FINISHED"]),
        "a second one while it is killed": (
            lambda: (work.update(now=send), patched(RunLog, "end", ends("KILLED"))), Interrupted, ["KILLED"]),
        "while it fails": (lambda: (work.update(now=fails), patched(RunLog, "end", ends("FAILED"))),
                           ZeroDivisionError, ["FAILED"]),
    }  # fmt: skip
    for moment, (arrange, raised, left) in moments.items():
        work["now"] = nothing
        with monkeypatch.context() as context:
            arrange()
            try:
                run()
                found = None
            except BaseException as error:
                found = error
        assert (type(found) if found else None) is raised, moment
        if isinstance(found, Interrupted):
            assert found.exit_status == SIGNALS[number], moment
            assert str(found).startswith("Interrupted: ")
        assert status() == left, moment
        gone()


def turned(send: Callable[[], object]) -> None:
    """TensorFlow does so while it traces a graph."""
    try:
        send()
    except KeyboardInterrupt:
        raise RuntimeError("in a graph") from None


def fails() -> None:
    raise ZeroDivisionError


class _Late:
    """A signal comes by `-late` and acts at the next call of a function: nothing before that looks for one."""

    def __init__(self, number: int) -> None:
        type(self).__neg__ = partial(_thread.interrupt_main, number)  # type: ignore[attr-defined]


def _begun(store: Store) -> RunLog:
    return RunLog.begin(store, "x", {}, {"deeplab.kind": "train"}, None)


def _told(log: RunLog) -> str:
    return f"told of {log.run_id}"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_at_the_head_of_the_function_that_ends_a_run_does_not_skip_it(
    store: Store, number: signal.Signals
) -> None:
    late = _Late(number)
    try:
        with recorded(store, partial(_begun, store), _told) as log:
            -late  # type: ignore[operator]  # noqa: B018
    except (KeyboardInterrupt, Interrupted) as error:
        pytest.fail(f"it was too late to end anything: {error!r}")
    assert store.client.get_run(log.run_id).info.status == "FINISHED"


def test_a_store_that_takes_no_run_or_no_more_is_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    def refused() -> RunLog:
        return full() or _begun(store)

    with pytest.raises(UserError, match=r"^The store .* takes no run \(\[Errno 28\] No space left on device\)\.$"):
        recorded(store, refused, _told).__enter__()
    causes: list[BaseException] = []

    def keep(log: RunLog, cause: BaseException) -> str:
        causes.append(cause)
        return "It is kept elsewhere."

    with pytest.raises(RunError) as caught, recorded(store, partial(_begun, store), _told, keep) as log:
        full()
    line = f"The store {store.place.uri} took no more: [Errno 28] No space left on device. It is kept elsewhere."
    assert str(caught.value) == f"{line} Run {log.run_id[:8]} is FAILED."
    run = store.client.get_run(log.run_id)
    assert (run.info.status, run.data.tags["deeplab.error"]) == ("FAILED", line)
    assert [type(cause) for cause in causes] == [OSError]
    with (
        pytest.raises(RunError, match=r"could not even be marked FAILED \(\[Errno 28\]"),
        recorded(store, partial(_begun, store), _told),
    ):
        monkeypatch.setattr(type(store.client), "set_terminated", full)
        full()


def test_what_keeps_is_called_once_and_a_bug_in_it_fails_the_run(store: Store) -> None:
    def broken(log: RunLog, cause: BaseException) -> str:
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError), recorded(store, partial(_begun, store), _told, broken) as log:
        raise KeyboardInterrupt
    run = store.client.get_run(log.run_id)
    assert (run.info.status, run.data.tags["deeplab.error"]) == ("FAILED", "ZeroDivisionError: ours")


def test_trials_are_stopped_and_a_second_signal_cuts_that_short(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = Trials()
    waited: list[float] = []

    def wait(seconds: float) -> list[object]:
        waited.append(seconds)
        signal.raise_signal(signal.SIGINT)
        return []

    launcher.wait = wait  # type: ignore[attr-defined]
    source = grid_source.GridSource(plan_sweep([*SMALL, "l2=0.1,0.2"], None))
    loop = TrialLoop(source, store, launcher, SweepObserver())  # type: ignore[arg-type]
    loop.running[1] = None  # type: ignore[assignment]

    def stop(log: RunLog, cause: BaseException) -> None:
        loop.stop(log.run_id, cause)
        signal.raise_signal(signal.SIGINT)  # a third one is lost

    with pytest.raises(Interrupted), recorded(store, partial(_begun, store), _told, stop) as log:
        signal.raise_signal(signal.SIGTERM)
    assert (launcher.done, len(waited)) == (["interrupt", "close"], 1)
    run = store.client.get_run(log.run_id)
    assert (run.info.status, run.data.tags["deeplab.error"]) == ("KILLED", "ended by Terminated")

"""Put an input through all that a dry run or a short training does, and judge how it ended."""

import contextlib
import io
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from deeplab.cli import main
from deeplab.config.compose import ComposedConfig, compose
from deeplab.config.schema import RandomConfig, TailConfig
from deeplab.errors import RunError, UserError
from deeplab.tracking.params import flatten
from deeplab.workflows.prepare import prepare
from deeplab.workflows.train import train
from fuzzing.case import SECRET, Case, Outcome

SECONDS = 10  # that one input may take
REFUSAL_SECONDS, REFUSAL_MEGABYTES = 2, 500  # of the processor, and of memory more than ever before, for a refusal
LARGE = 2_000_000  # weights; a larger network is checked and not built
TINY = 100_000  # weights, and numbers that a layer gives for one row, of a network that may be trained
OBEYED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f]")  # what a terminal takes for orders, ESC among them
USUAL_STACK = 1000  # Python's own limit; Hypothesis raises it
IGNORED = (  # as in pyproject.toml: of libraries about other libraries
    "Any type hint is inferred as AnyType",
    "The ``noload`` loader strategy is deprecated",
    "__array__ implementation doesn't accept a copy keyword",
)


class _TooSlow(BaseException):
    pass


class _Large(BaseException):
    pass


def feed(case: Case) -> Outcome:
    """Put an input through `deeplab train --dry-run`."""
    began, most = time.process_time(), _most_megabytes()
    outcome = _watched(case, lambda: _dry_run(case))
    seconds, more = time.process_time() - began, _most_megabytes() - most
    if outcome.status == "refused" and (seconds > REFUSAL_SECONDS or more > REFUSAL_MEGABYTES):
        what = f"refused after {seconds:.1f} s and {more:.0f} MB: {outcome.what}"
        return Outcome("failed", what, f"dear: {re.sub('[0-9]+', '', outcome.what[:60])}")
    return outcome


def _most_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def feed_and_train(case: Case, composed: ComposedConfig, uri: str) -> Outcome:
    """Train what was accepted for one epoch on 30 rows."""
    validation = composed.config.validation
    config = replace(
        composed.config,
        # The last of 30 rows hold classes of their own.
        validation=RandomConfig("random", 0.2, False) if isinstance(validation, TailConfig) else validation,
        dataset=replace(composed.config.dataset, limit=30),
        training=replace(composed.config.training, epochs=1, batch_size=8, initial_weights=None),
        tracking=replace(composed.config.tracking, uri=uri, experiment="deeplab"),
    )

    def run() -> Outcome:
        train(replace(composed, config=config))
        return Outcome("trained")

    return _watched(case, run, seconds=6 * SECONDS)


def _dry_run(case: Case) -> Outcome:
    from deeplab.cli.terminal import dry_run
    from deeplab.models import build

    composed = compose(case.overrides, case.config_dir)
    found: list[Any] = []
    check = build.check_network

    def check_and_stop_at_large(*arguments: Any) -> int:
        weights = check(*arguments)
        if weights > LARGE:
            raise _Large
        return weights

    def prepare_and_remember(*arguments: Any, **named: Any) -> Any:
        found.append(prepare(*arguments, **named))
        return found[-1]

    buffer = io.BytesIO()
    screen = io.TextIOWrapper(buffer, encoding="utf-8", write_through=True)
    with (
        mock.patch.object(build, "check_network", check_and_stop_at_large),
        mock.patch.object(dry_run, "prepare", prepare_and_remember),
        contextlib.redirect_stdout(screen),
    ):
        try:
            dry_run.show_dry_run(composed)
        except _Large:
            return Outcome("large")
    wrong = _wrong_on_terminal(case, buffer.getvalue().decode())
    if wrong:
        return Outcome("failed", wrong, wrong[:14])
    # What a training logs of the configuration.
    assert len(composed.hash) == 64
    assert all(isinstance(value, str) for value in flatten(composed.values).values())
    (prepared,) = found
    outputs = max(int(np.prod(row.output_shape)) for row in prepared.layers)
    return Outcome("valid", composed=composed if max(prepared.parameters, outputs) <= TINY else None)


def _watched(case: Case, run: Callable[[], Outcome], seconds: int = SECONDS) -> Outcome:
    """Do it in a folder of its own and judge how it ended."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        above, folder = Path(name), Path(name) / "case"
        folder.mkdir()
        (above / "secret.yaml").write_text(f"# @package _global_\nnotes: {SECRET}\n")
        case.write(folder)
        os.chdir(folder)
        try:
            with _captured(above / "stderr") as printed, _usual_stack(), _limited(seconds):
                outcome = run()
        except (UserError, RunError) as error:
            outcome = _refused(case, error)
        except (Exception, _TooSlow) as error:
            outcome = _failed(error)
        finally:
            os.chdir(before)
        lines = printed.read_text(errors="replace").splitlines() if printed.exists() else []
        found = {path.name for path in above.iterdir()}
        if found != {"case", "secret.yaml", "stderr"}:
            return Outcome("failed", f"files outside of the folder: {sorted(found)}", "files outside")
        # TensorFlow wonders at the many networks of one process.
        text = "\n".join(line for line in lines if "triggered tf.function retracing" not in line)
    told = [f"{w.category.__name__}: {w.message}" for w in warned if not re.match("|".join(IGNORED), str(w.message))]
    if outcome.status != "failed" and (told or text.strip()):
        what = "; ".join([*told, text.strip()])
        return Outcome("failed", f"printed: {what}", re.sub(r"\d+|'[^']*'", "", what[:60]))
    return outcome


def _refused(case: Case, error: UserError | RunError) -> Outcome:
    count = len(str(error).splitlines())
    if count != 1:
        return Outcome("failed", f"an error of {count} lines: {error}", f"lines {_places(error)}")
    wrong = _wrong_on_terminal(case, str(error))
    return Outcome("failed", wrong, f"{wrong[:14]} {_places(error)}") if wrong else Outcome("refused", str(error))


def _wrong_on_terminal(case: Case, text: str) -> str:
    """What may not be shown of what an input makes the command print, or nothing.

    Args:
        case: the input, in the current folder.
        text: before the command makes it fit for a terminal.
    """
    if SECRET in text:
        return f"printed a secret: {text[:200]!r}"
    if OBEYED.search(text):
        text = _printed(case)
    order = OBEYED.search(text)
    return f"printed U+{ord(order[0]):04X}: {text[max(0, order.start() - 40) :][:80]!r}" if order else ""


def _printed(case: Case) -> str:
    """All that the command itself writes."""
    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    where = ["--config-dir", str(case.config_dir)] if case.config_dir else []
    with (
        mock.patch.object(sys, "argv", ["deeplab", "train", "--dry-run", *where, "--", *case.overrides]),
        mock.patch.object(main, "install_handlers"),
        mock.patch.object(main, "gc"),
        contextlib.redirect_stdout(screen),
        contextlib.redirect_stderr(screen),
        contextlib.suppress(SystemExit),
    ):
        main.main()
    screen.seek(0)
    return screen.read()


def _failed(error: BaseException) -> Outcome:
    # OmegaConf's errors grow by four lines with each level of the configuration.
    said = "\n".join(str(error).splitlines()[:3])
    trace = "".join(traceback.format_tb(error.__traceback__)[-4:])
    name = type(error).__name__
    return Outcome("failed", f"{trace}{name}: {said}", f"{name} {_places(error)}: {' '.join(said.split()[:3])}")


def _places(error: BaseException) -> str:
    """The last line of deeplab that an error went through, and what deeplab called there."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, RecursionError):
        frames = [frame for frame in frames if "deeplab/" in frame.filename][:8] or frames[:8]
    ours = [index for index, frame in enumerate(frames) if "/deeplab/" in frame.filename]
    shown = frames[ours[-1] : ours[-1] + 2] if ours else frames[-1:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.name}" for frame in shown)


@contextlib.contextmanager
def _captured(path: Path) -> Iterator[Path]:
    """What the libraries write to stderr, by way of Python or past it, goes into a file."""
    kept = os.dup(2)
    with path.open("w") as file, contextlib.redirect_stderr(file):
        os.dup2(file.fileno(), 2)
        try:
            yield path
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextlib.contextmanager
def _usual_stack() -> Iterator[None]:
    limit, frame, depth = sys.getrecursionlimit(), sys._getframe(), 0
    while frame := frame.f_back:
        depth += 1
    sys.setrecursionlimit(depth + USUAL_STACK)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooSlow(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)

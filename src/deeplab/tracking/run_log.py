"""Write one run into the store: metrics in the background, files as they come, and an honest end."""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Literal, Self

from deeplab.tracking.artifacts import check_own, open_folder, put_bytes
from deeplab.tracking.beside import Beside, ask_all
from deeplab.tracking.metric_buffer import MetricBuffer
from deeplab.tracking.model_log import ModelLog
from deeplab.tracking.params import flatten
from deeplab.tracking.reserve import reserved
from deeplab.tracking.run import Run, heartbeat
from deeplab.tracking.store import Store, short_timeouts, store_errors
from deeplab.tracking.tags import ERROR_TAG, HEARTBEAT_TAG, NOTES_TAG

FLUSH_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
JOIN_SECONDS = 5.0  # a server that is gone keeps the thread waiting
ANSWER_SECONDS = 5  # for a server that is asked whether it is there
BUSY_SECONDS = 600.0  # no longer than that is it waited for where nobody ends the run
AGAIN_SECONDS = 2.0  # between two attempts to reach it

MAX_PARAM = 6000
MAX_TAG = 8000
PARAMS_A_CALL = 100

Status = Literal["FINISHED", "FAILED", "KILLED"]


class RunLog:
    """An MLflow run that is being written.

    Metrics are buffered; a thread writes them about once a second, so that training never waits for the store,
    and shows with a heartbeat that the run is alive. A server gets files beside what goes on, too; they are all there
    when the run has ended. Used as a context manager: leaving it stops the thread, and ends
    as FAILED a run that nobody has ended.

    Attributes:
        has_ended: whether its end was written, or could not be.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        location: str,
        params: Mapping[str, str],
        logged: frozenset[tuple[str, int]],
        reserve: Path,
    ) -> None:
        """Write a run that is in the store, but not the metrics and steps that are `logged`; see `begin`, `resume`."""
        self._client, self.run_id = store.client, run_id
        self.has_ended = False
        self._model = ModelLog(store, run_id, params, bool(logged))
        self._files, self._folder = Beside(store.place.is_server), open_folder(store, location)
        self._reserve = reserve
        self._metrics = MetricBuffer(self._client, run_id, logged)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="deeplab-heartbeat", daemon=True)
        self._thread.start()

    @classmethod
    def begin(
        cls,
        store: Store,
        name: str,
        values: Mapping[str, Any],
        tags: Mapping[str, str],
        notes: str | None,
        files: Mapping[str, str] = MappingProxyType({}),
    ) -> Self:
        """Create a run; one that cannot be written in full is deleted again.

        Args:
            values: the composed configuration, which becomes its params.
            tags: our own and the person's.
            notes: shown as the run's description, or None.
            files: text files that it has from the beginning, by their path.
        """
        from mlflow.entities import Param

        all_tags = {**tags, HEARTBEAT_TAG: heartbeat()}
        if notes:
            all_tags[NOTES_TAG] = notes
        written = {key: value[:MAX_PARAM] for key, value in flatten(values).items()}
        params = [Param(key, value) for key, value in written.items()]
        writing = Beside(store.place.is_server)
        with reserved(store.place.work_folder) as reserve:
            run = store.client.create_run(
                store.experiment_id, run_name=name, tags={key: value[:MAX_TAG] for key, value in all_tags.items()}
            )
            run_id, location = str(run.info.run_id), run.info.artifact_uri
            try:
                folder = open_folder(store, location)
                for path, text in files.items():
                    writing.do(put_bytes, folder, path, text.encode())
                for start in range(0, len(params), PARAMS_A_CALL):
                    writing.do(store.client.log_batch, run_id, (), params[start : start + PARAMS_A_CALL])
                writing.wait()
                return cls(store, run_id, location, written, frozenset(), reserve)
            except BaseException:
                reserve.unlink(missing_ok=True)  # first, to have room for it
                store.client.delete_run(run_id)
                raise

    @classmethod
    def resume(cls, store: Store, run: Run) -> Self:
        """Go on with a run that ended early or is trained further; what it has of metrics stays as it is."""
        check_own(store, run)
        run_id = str(run.id)
        histories = ask_all(
            lambda key: store.client.get_metric_history(run_id, key), run.metrics, beside=store.place.is_server
        )
        logged = {(metric.key, metric.step) for history in histories for metric in history}
        with reserved(store.place.work_folder) as reserve:
            store.client.update_run(run_id, status="RUNNING")
            store.client.set_tag(run_id, HEARTBEAT_TAG, heartbeat())
            if ERROR_TAG in run.tags:
                store.client.delete_tag(run_id, ERROR_TAG)
            return cls(store, run_id, run.artifact_uri, run.params, frozenset(logged), reserve)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.has_ended:
            self.end("FAILED", f"{type(error).__name__}: {error}" if error else "nobody ended it")

    def close(self, patience_seconds: float = JOIN_SECONDS) -> None:
        """Stop the thread, and make room for the last word."""
        self._stop.set()
        self._thread.join(timeout=patience_seconds)
        with suppress(OSError):  # where the folder can no longer be written
            self._reserve.unlink()

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Buffer the metrics of a step; they are written within about a second, each step once."""
        self._metrics.add(step, values)

    def set_tag(self, key: str, value: str) -> None:
        """Set a tag now."""
        self._client.set_tag(self.run_id, key, value[:MAX_TAG])

    def log_bytes(self, path: str, content: bytes) -> None:
        """Store a file of bytes under this path among the run's artifacts."""
        self._files.do(put_bytes, self._folder, path, content)

    def log_text(self, path: str, text: str) -> None:
        """Store a text file under this path among the run's artifacts."""
        self.log_bytes(path, text.encode())

    def model(self, network: Any, input_shape: tuple[int, ...]) -> None:
        """Store a network as an MLflow model with signature, in Keras' own format; the shape is that of one row."""
        self._files.do(self._model.prepare(network, input_shape))

    def check_answers(self) -> None:
        """Give a sign of life, and raise what the store does where it cannot be had within seconds."""
        with short_timeouts(ANSWER_SECONDS):
            self.set_tag(HEARTBEAT_TAG, heartbeat())

    def flush(self, patience_seconds: float = BUSY_SECONDS) -> None:
        """Write the buffered metrics now, which stay in the buffer if that fails, and wait for files on their way.

        Args:
            patience_seconds: for the thread, where that is still writing; a TimeoutError after it.
        """
        self._metrics.write(patience_seconds)
        self._files.wait()

    def end(self, status: Status, error: str | None = None) -> None:
        """Write what is buffered, the error if there is one, and the run's last status."""
        self.has_ended = True  # first: what cannot be ended now is not tried again
        self.close()
        self.flush(JOIN_SECONDS if status == "KILLED" else BUSY_SECONDS)
        self._write_end(status, error)

    def give_up(self, error: str, patience_seconds: float = JOIN_SECONDS) -> None:
        """End as FAILED a run of which the store took no more; what is on its way is waited for no longer than that."""
        self.has_ended = True
        self.close(patience_seconds)
        with short_timeouts():
            with suppress(*store_errors()):
                self._metrics.write(patience_seconds)
                self._files.wait(patience_seconds)
            self._write_end("FAILED", error)

    def abandon(self) -> None:
        """Leave a run as it is, whose store does not answer; nothing more is asked of it."""
        self.has_ended = True
        self.close(0)

    def _write_end(self, status: Status, error: str | None) -> None:
        if error:
            self.set_tag(ERROR_TAG, error)
        self._client.set_terminated(self.run_id, status)

    def _beat(self) -> None:
        from mlflow.entities import RunTag
        from mlflow.exceptions import MlflowException

        last = time.monotonic()
        while not self._stop.wait(FLUSH_SECONDS):
            is_due = time.monotonic() - last >= HEARTBEAT_SECONDS
            try:
                self._metrics.write(BUSY_SECONDS, [RunTag(HEARTBEAT_TAG, heartbeat())] if is_due else [])
                if is_due:
                    last = time.monotonic()
            except (MlflowException, OSError):
                # The buffer keeps what could not be written; `end` tries once more and reports it.
                continue

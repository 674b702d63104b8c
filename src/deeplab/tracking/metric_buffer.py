"""Metrics on their way to the store, each written once whichever thread writes it."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, RunTag

AT_ONCE = 1000


class MetricBuffer:
    """Takes the metrics of a run, and writes them when it is told to."""

    def __init__(self, client: "MlflowClient", run_id: str, logged: frozenset[tuple[str, int]]) -> None:
        """Hold nothing yet, and never what is `logged` already: names and steps."""
        self._client, self._run_id, self._logged = client, run_id, logged
        self._buffer: list[Metric] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # else two threads would write the same metrics

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Take the metrics of a step, as they are now."""
        from mlflow.entities import Metric

        stamp = int(time.time() * 1000)
        with self._lock:
            self._buffer.extend(
                Metric(key, value, stamp, step) for key, value in values.items() if (key, step) not in self._logged
            )

    def write(self, patience_seconds: float, tags: Sequence["RunTag"] = ()) -> None:
        """Write them now; they stay here if that fails.

        Args:
            patience_seconds: for another thread that is writing.
            tags: that are set with them, by the same request.

        Raises:
            TimeoutError: another thread is still writing after so long.
        """
        if not self._writing.acquire(timeout=patience_seconds):
            raise TimeoutError("metrics are still on their way to it")
        try:
            with self._lock:
                waiting = list(self._buffer)
            for start in range(0, max(len(waiting), len(tags)), AT_ONCE):
                part = waiting[start : start + AT_ONCE]
                self._client.log_batch(self._run_id, metrics=part, tags=tags)
                with self._lock:
                    del self._buffer[: len(part)]
        finally:
            self._writing.release()

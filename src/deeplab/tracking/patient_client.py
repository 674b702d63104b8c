"""Patience with a database that is away for a while, as when it is started again."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

BACKOFF_SECONDS = 2.0  # before the first attempt more, twice as long before each other, as MLflow has it


class PatientClient:
    """MLflow's client, which asks a database again that cannot be reached.

    It does so as often as MLflow asks one of its servers, by default for four minutes: MLFLOW_HTTP_REQUEST_MAX_RETRIES
    says how often.
    """

    def __init__(self, client: Any) -> None:
        """Ask by this client."""
        self._client = client

    def __getattr__(self, name: str) -> Any:
        known = getattr(self._client, name)
        return partial(_ask, known) if callable(known) else known


def _ask(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES
    from mlflow.exceptions import MlflowException

    for attempt in range(MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()):
        try:
            return call(*arguments, **named)
        except MlflowException as error:
            if error.error_code != "TEMPORARILY_UNAVAILABLE":
                raise
        time.sleep(BACKOFF_SECONDS * 2**attempt)
    return call(*arguments, **named)

"""A database that is away for a while is asked again."""

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, TEMPORARILY_UNAVAILABLE

from deeplab.tracking import patient_client
from deeplab.tracking.patient_client import PatientClient
from deeplab.tracking.store import short_timeouts


class Client:
    """Answers after it has raised so many errors."""

    name = "plain"

    def __init__(self, errors: int, code: int = TEMPORARILY_UNAVAILABLE) -> None:
        self._errors, self._code, self.asked = errors, code, 0

    def get_run(self, run_id: str, *, more: str = "") -> str:
        self.asked += 1
        if self.asked <= self._errors:
            raise MlflowException("connection refused", self._code)
        return run_id + more


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(patient_client.time, "sleep", seconds.append)
    return seconds


def test_it_is_asked_again_until_it_answers(slept: list[float]) -> None:
    assert PatientClient(Client(3)).get_run("run", more="!") == "run!"
    assert slept == [2.0, 4.0, 8.0]
    assert PatientClient(Client(3)).name == "plain"


def test_one_that_stays_away_is_given_up(slept: list[float]) -> None:
    client = Client(99)
    with pytest.raises(MlflowException, match="connection refused"):
        PatientClient(client).get_run("run")
    assert (client.asked, sum(slept)) == (8, 254.0)  # as MLflow has it for its servers


def test_where_somebody_waits_it_is_asked_twice(slept: list[float]) -> None:
    client = Client(99)
    with pytest.raises(MlflowException), short_timeouts():
        PatientClient(client).get_run("run")
    assert (client.asked, slept) == (2, [2.0])


def test_what_is_refused_is_not_asked_again(slept: list[float]) -> None:
    client = Client(1, BAD_REQUEST)
    with pytest.raises(MlflowException, match="connection refused"):
        PatientClient(client).get_run("run")
    assert (client.asked, slept) == (1, [])

"""Runs of an MLflow server, made of its JSON: MLflow's client makes three objects of each value on the way."""

from collections.abc import Iterator, Mapping
from typing import Any

from deeplab.tracking.run import Run

SEARCH = "/api/2.0/mlflow/runs/search"


def served_runs(uri: str, experiment_id: str, condition: str, at_once: int) -> Iterator[Run]:
    """The runs of an experiment that a filter of MLflow's is true of, the newest first, `at_once` a page."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request, verify_rest_response

    server = get_default_host_creds(uri)
    order = ["attributes.start_time DESC"]
    asked = {"experiment_ids": [experiment_id], "filter": condition, "order_by": order, "max_results": at_once}
    while True:
        answer = verify_rest_response(http_request(server, SEARCH, "POST", json=asked), SEARCH).json()
        yield from map(from_json, answer.get("runs", []))
        if not answer.get("next_page_token"):
            return
        asked["page_token"] = answer["next_page_token"]


def from_json(run: Mapping[str, Any]) -> Run:
    """A run as a server writes it, which leaves out what is empty and writes NaN and infinity as words."""
    info, data = run["info"], run.get("data", {})
    metrics = data.get("metrics", [])
    return Run(
        id=info["run_id"],
        name=info.get("run_name", ""),
        status=info["status"],
        started_ms=int(info.get("start_time", 0)),
        ended_ms=int(info["end_time"]) if "end_time" in info else None,
        artifact_uri=info.get("artifact_uri", ""),
        metrics={each["key"]: float(each.get("value", 0)) for each in metrics},
        steps={each["key"]: int(each.get("step", 0)) for each in metrics},
        params={each["key"]: each.get("value", "") for each in data.get("params", [])},
        tags={each["key"]: each.get("value", "") for each in data.get("tags", [])},
    )

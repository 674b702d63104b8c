"""Read back what a run left behind."""

from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.beside import ask_all
from deeplab.tracking.provenance import DISTRIBUTION, PACKAGES_FILE
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store

EPOCH_METRICS = ("train/", "val/", "time/epoch_seconds", "time/step_ms", "learning_rate")


def read_packages(store: Store, run: Run) -> dict[str, str]:
    """The versions of all that was installed when a run began, by package; empty where it did not keep them.

    We are `deeplab` here, whatever the distribution was called: the first runs know it by that name.
    """
    text = (read_artifact(store, run, PACKAGES_FILE) or b"").decode(errors="replace")
    versions = dict(line.split("==", 1) for line in text.splitlines() if "==" in line)
    if DISTRIBUTION in versions:
        versions["deeplab"] = versions.pop(DISTRIBUTION)
    return dict(sorted(versions.items(), key=lambda item: item[0].lower()))


def read_history(store: Store, run: Run) -> dict[str, dict[int, float]]:
    """What a run has logged epoch by epoch: metrics by name, each from epoch to value."""
    keys = [key for key in sorted(run.metrics) if key.startswith(EPOCH_METRICS)]
    histories = ask_all(lambda key: metric_history(store, run.id, key), keys, beside=store.place.is_server)
    return {key: dict(history) for key, history in zip(keys, histories, strict=True)}


def metric_history(store: Store, run_id: str, key: str) -> list[tuple[int, float]]:
    """Every logged step and value of a metric, by step."""
    if store.reader is not None:
        return store.reader.history(run_id, key)
    history = store.client.get_metric_history(run_id, key)
    return [(metric.step, metric.value) for metric in sorted(history, key=lambda metric: metric.step)]

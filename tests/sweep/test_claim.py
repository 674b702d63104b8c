"""Where several machines share a store, one of those who start the same sweep at once carries it out."""

from dataclasses import replace
from pathlib import Path

import pytest

from deeplab.config.schema import TrackingConfig
from deeplab.errors import UserError
from deeplab.sweep import claim as claim_module
from deeplab.sweep.claim import check_nobody_else, claim
from deeplab.sweep.parent_run import find_sweep
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.tracking.tags import CARRIED_BY_TAG, HEARTBEAT_TAG, SWEEP_KEY_TAG


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A SQLite store that is taken for a server, beside which no file can be locked for all."""
    monkeypatch.setattr(claim_module, "PAUSE_SECONDS", 0.0)
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    return replace(store, place=replace(store.place, database=None))


def begin(store: Store) -> str:
    log = RunLog.begin(store, "a sweep", {}, {SWEEP_KEY_TAG: "key"}, None)
    log.close()
    return log.run_id


def test_a_sweep_that_somebody_else_carries_out_is_not_gone_on_with(store: Store) -> None:
    run_id = begin(store)
    with pytest.raises(UserError, match=r"'a sweep' \(\w{8}\) is being carried out by somebody else"):
        check_nobody_else(store, find_sweep(store, "key"), "sweep")
    store.set_tag(run_id, HEARTBEAT_TAG, "1000")
    check_nobody_else(store, find_sweep(store, "key"), "sweep")


def test_a_sweep_that_was_killed_here_is_gone_on_with_at_once(store: Store) -> None:
    claim(store, begin(store), "key", "sweep")
    check_nobody_else(store, find_sweep(store, "key"), "sweep")


def test_of_two_sweeps_begun_at_once_the_older_goes_on(store: Store) -> None:
    first, second = sorted([begin(store), begin(store)], key=lambda run_id: store.get_run(run_id).started_ms)
    if store.get_run(first).started_ms == store.get_run(second).started_ms:
        first, second = sorted([first, second])
    with pytest.raises(UserError, match=f"{first[:8]}.*somebody else"):
        claim(store, second, "key", "sweep")
    claim(store, first, "key", "sweep")
    assert store.client.get_run(second).info.lifecycle_stage == "deleted"


def test_of_two_who_go_on_with_a_sweep_at_once_the_last_to_say_so_does(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = begin(store)
    monkeypatch.setattr("time.sleep", lambda _seconds: store.set_tag(run_id, CARRIED_BY_TAG, "another"))
    with pytest.raises(UserError, match="somebody else"):
        claim(store, run_id, "key", "sweep")
    assert store.get_run(run_id).status == "RUNNING"

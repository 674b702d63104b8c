"""Networks on their way into the store."""

import gc
import tempfile
from pathlib import Path

import pytest

from deeplab.tracking.model_log import ModelLog
from deeplab.tracking.store import Store


@pytest.mark.parametrize("is_brought", [False, True])
def test_nothing_is_left_of_a_network_whether_the_store_takes_it_or_not(
    served_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_brought: bool
) -> None:
    import keras

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    run = served_store.client.create_run(served_store.experiment_id)
    bring = ModelLog(served_store, run.info.run_id, {}, may_have_one=False).prepare(network, (3,))
    assert [*tmp_path.rglob("model.keras")]
    if is_brought:
        monkeypatch.setattr("deeplab.tracking.model_log.open_folder", lambda *_: None)
        with pytest.raises(AttributeError, match="log_artifact"):
            bring()
    del bring
    gc.collect()
    assert [*tmp_path.rglob("model.keras")] == []

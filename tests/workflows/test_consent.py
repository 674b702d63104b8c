"""Whatever uses a run that was trained with code of its own asks for that file, and refuses another one."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Outcome

pytestmark = pytest.mark.slow

CODE = """
import keras
from deeplab.code import layer, metric

@layer
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x

    def compute_output_shape(self, shape):
        return shape

@metric(direction="max", label="share of sure answers")
def sure(y_true, y_pred):
    return (y_pred.max(axis=1) > 0.5).mean()
"""
SMALL = ("dataset=digits", "dataset.image_size=8", "dataset.limit=60", "training.epochs=1", "tracking.plots=none")
LAST = "{type: Dense, units: num_classes, activation: softmax}"
DECODER = "{part: decoder, type: Dense, units: num_inputs, activation: sigmoid},"
NETWORKS = {
    "seen": ("model=mlp", f"model.layers=[{{type: Flatten}},{{type: Doubled}},{LAST}]", "training.metrics=[sure]"),
    "coded": (
        "model=autoencoder",
        "model.layers=[{part: encoder, type: Flatten},{part: encoder, type: Dense, units: 4},"
        f"{{part: decoder, type: Doubled}},{DECODER}{{part: decoder, type: Reshape, target_shape: input_shape}}]",
    ),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A folder with a store of two networks and a sweep that had code of their own, and of two files."""
    from deeplab.code.file import current
    from deeplab.config.compose import compose
    from deeplab.config.schema import TrackingConfig
    from deeplab.tracking.run_log import RunLog
    from deeplab.tracking.store import open_store
    from deeplab.workflows.own_code import own_code
    from deeplab.workflows.train import train

    folder = tmp_path_factory.mktemp("own")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    (folder / "mine.py").write_text(CODE)
    (folder / "other.py").write_text("x = 1\n")
    uri = f"sqlite:///{folder}/mlflow.db"
    with own_code(str(folder / "mine.py")):
        for name, words in NETWORKS.items():
            train(compose([*SMALL, *words, f"name={name}", f"tracking.uri={uri}"]))
        code = current()
    assert code is not None
    tags = {"deeplab.code_sha256": code.sha256, "deeplab.code_file": "mine.py"}
    settings = {"sweep": {"metric": "val/sure"}, "model": {"name": "mlp"}}
    store = open_store(TrackingConfig(uri, "deeplab", "all", "all"))
    with RunLog.begin(
        store, "swept", settings, {"deeplab.kind": "sweep", "deeplab.trials": "1", **tags}, None
    ) as parent:
        mine = {"deeplab.kind": "trial", "mlflow.parentRunId": parent.run_id, "deeplab.point": "0", **tags}
        with RunLog.begin(store, "b=1", settings, mine, None) as log:
            log.metrics(1, {"validation/sure": 0.5, "test/sure": 0.5, "time/training_seconds": 1.0})
            log.end("FINISHED")
        parent.log_text("plots.txt", "none")
        parent.end("FINISHED")
    return folder


@pytest.fixture
def here(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(trained)
    return trained


USES = [
    *(
        ("evaluate", "seen"),
        ("explain", "seen", "0"),
        ("export", "seen", "--to", "onnx"),
        ("export", "seen", "--to", "python"),
    ),
    *(("predict", "seen", "a.png"), ("reproduce", "seen"), ("train", "--resume", "seen"), ("verify", "seen")),
    *(("generate", "coded", "--around", "1"), ("noise", "coded", "--classifier", "seen"), ("why", "seen", "coded")),
    *(("train", "training.initial_weights=seen", *SMALL, "model=mlp"), ("verify", "swept"), ("report", "swept")),
    *(("show", "swept"), ("compare", "swept", "seen"), ("report", "swept", "--latex", "a.tex")),
]


@pytest.mark.parametrize("words", USES, ids=" ".join)
def test_what_uses_a_run_with_code_of_its_own_asks_for_the_file(
    words: tuple[str, ...], here: Path, cli: Callable[..., Outcome]
) -> None:
    (here / "a.png").write_bytes(b"")
    before = sorted(here.rglob("*"))
    who = r"^deeplab: .*Run (seen|coded|swept|b=1) \(\w{8}\)"
    line = rf"{who} was trained with code of its own, mine\.py \(SHA-256 \w{{12}}\)"
    refused, other = cli(*words), cli(*words, "--code", "other.py")
    assert (refused.status, refused.out) == (2, "")
    assert re.match(rf"{line}; --code FILE gives consent to run that file\. .*/code/mine\.py\n$", refused.err), (
        refused.err
    )
    assert (other.status, other.out) == (2, "")
    assert re.match(rf"{line}, and --code other\.py is another file .*/code/mine\.py\n$", other.err), other.err
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    "words",
    [("show", "seen"), ("runs", "--all"), ("curves", "seen"), ("status",), ("compare", "coded", "seen")],
    ids=" ".join,
)
def test_what_only_reads_asks_for_nothing(words: tuple[str, ...], here: Path, cli: Callable[..., Outcome]) -> None:
    done = cli(*words)
    assert (done.status, done.err) == (0, "")


def test_a_layer_of_ones_own_is_named_where_there_is_none_by_hand(here: Path, cli: Callable[..., Outcome]) -> None:
    unknown = cli("explain", "seen", "0", "--code", "mine.py")
    assert unknown.status == 2
    assert re.match(r"^deeplab: Layer doubled_1 \(Doubled\) is not among the layers by hand\. Known: ", unknown.err)


def test_a_network_with_a_layer_of_ones_own_makes_and_denoises_images(here: Path, cli: Callable[..., Outcome]) -> None:
    made = cli("generate", "coded", "--between", "0", "1", "--code", "mine.py", "--classifier", "seen")
    assert (made.status, made.err) == (0, "")
    noisy = cli("noise", "coded", "--classifier", "seen", "--levels", "0,0.5", "--seeds", "1", "--code", "mine.py")
    assert (noisy.status, noisy.err) == (0, "")


@pytest.fixture
def packed(here: Path, cli: Callable[..., Outcome]) -> Path:
    """The file of code as it came out of a pack, in another store."""
    if not (here / "seen.zip").exists():
        assert cli("pack", "seen", "--out", "seen.zip").status == 0
        (here / "away").mkdir()
        assert cli("unpack", "seen.zip", AWAY).status == 0
    (kept,) = (here / "away").rglob("mine.py")
    return kept


AWAY = "tracking.uri=sqlite:///away/mlflow.db"


def test_a_pack_carries_the_file_and_does_not_run_it(packed: Path, cli: Callable[..., Outcome]) -> None:
    assert packed.read_text() == CODE
    for words in (("verify", "seen.zip"), ("evaluate", "seen", AWAY)):
        assert "; --code FILE gives consent" in cli(*words).err
        assert "--code other.py is another file" in cli(*words, "--code", "other.py").err


@pytest.mark.long
def test_a_pack_is_verified_with_the_file_that_it_carries(packed: Path, cli: Callable[..., Outcome]) -> None:
    checked = cli("verify", "seen.zip", "--code", str(packed))
    assert (checked.status, checked.err) == (0, "")
    assert cli("evaluate", "seen", AWAY, "--code", str(packed)).status == 0

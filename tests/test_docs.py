"""Every command line of the README and the documents is carried out, on little data and for an epoch."""

import contextlib
import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import ROOT, Outcome, begin_anew

from deeplab.config.compose import compose
from deeplab.runs.pack import pack
from deeplab.tracking.relocate import relocate
from deeplab.tracking.store import open_to_read
from deeplab.workflows.recording import ParentRun
from deeplab.workflows.train import train

pytestmark = pytest.mark.slow

PAGES = [*sorted(ROOT.glob("*.md"), reverse=True), *sorted((ROOT / "docs").glob("*.md"))]
INDENTED = re.compile(r"^    (deeplab .*)$", re.MULTILINE)
IN_TEXT = re.compile(r"`(deeplab [a-z][^`]*)`")
# They do not come back, or change the settings of a person's shell; each has a test of its own.
ELSEWHERE = ("deeplab ui", "deeplab ui --port 5001", "deeplab --install-completion")
# Named in a sentence, without the arguments they need.
NAMED = tuple(
    f"deeplab {name}"
    for name in (
        *("decide", "explain", "export", "generate", "rm", "study", "sweep", "verify", "why"),
        *("sweep --hours 6", "sweep --search asha"),
    )
)
# These are about many or long trainings: the plan is made, or the page of what is there.
SHORTENED = {
    "sweep": ["--dry-run"],
    "why": ["--dry-run"],
    "decide": ["training.batch_size=16", "--dry-run"],
    "study": ["--report"],
    "rm": ["--yes"],
    "noise": ["--levels", "0,0.5"],
}
QUICK = ("training.epochs=1", "tracking.plots=none")
FINISHED = "is finished after 1 epochs. Give more of them to train it further"


def commands() -> list[str]:
    found: list[str] = []
    for page in PAGES:
        text = page.read_text()
        found += [line.strip() for line in INDENTED.findall(text)] + IN_TEXT.findall(text)
    return [line for line in dict.fromkeys(found) if line not in (*ELSEWHERE, *NAMED)]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A folder with all that the documents speak of: data, pictures, a network, runs."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    shutil.copytree(ROOT / "experiments", folder / "experiments")
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 10
    for name, shape in (("mnist", (28, 28)), ("cifar10", (32, 32, 3)), ("mine", (28, 28)), ("new", (28, 28, 1))):
        x = rng.integers(0, 256, (80, *shape), dtype=np.uint8)
        np.savez(folder / f"{name}.npz", x_train=x, y_train=labels, x_test=x, y_test=labels)
    for path in ("photos/cat", "photos/dog", "scans"):
        (folder / path).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(rng.integers(0, 256, (20, 20), dtype=np.uint8)).save(folder / path / f"{number}.png")
    import keras  # takes seconds that reading the documents need not cost

    theirs = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
    theirs.save(folder / "theirs.keras")
    for name in ("digit.png", "photo.png"):
        shutil.copyfile(folder / "scans" / "0.png", folder / name)
    houses = re.search(r"```python\n(# make_houses.py\n.*?)```", (ROOT / "docs" / "tables.md").read_text(), re.DOTALL)
    assert houses is not None
    with contextlib.chdir(folder):
        exec(houses[1], {})
    rows = [
        f"{3000 + 17 * n},{'Dream' if n % 4 else 'Biscoe'},{2007 + n % 3},{n % 20},{'AGC'[n % 3]}" for n in range(80)
    ]
    (folder / "penguins.csv").write_text("\n".join(["mass,island,year,nest,species", *rows]) + "\n")
    (folder / "my_conf" / "model").mkdir(parents=True)
    for page, name in (("README.md", "mine"), ("docs/networks.md", "fine_tuned")):
        network = re.search(rf"```yaml\n(# my_conf/model/{name}.yaml\n.*?)```", (ROOT / page).read_text(), re.DOTALL)
        assert network is not None
        (folder / "my_conf" / "model" / f"{name}.yaml").write_text(network[1])
    return folder


@pytest.fixture(scope="module")
def trained(workplace: Path) -> Path:
    """The same folder with the runs that the documents name; the newest is a classifier of digits."""
    patch = pytest.MonkeyPatch()
    with patch.context() as here:
        here.chdir(workplace)
        here.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow leaves that of an earlier test behind
        here.setenv("DEEPLAB_DATA", str(workplace))
        for words in (
            "dataset=iris model=mlp name=iris",
            "dataset=diabetes model=mlp name=diabetes",
            "dataset=csv dataset.path=houses.csv dataset.target=price model=mlp name=houses",
            "experiment=mnist_cnn6 validation=tail",
            "experiment=mnist_autoencoder",
            "experiment=mnist_conv_autoencoder",
            "name=dropout",
            "model=dense_relu",
            "model=cnn",
            "model=cnn_dropout",
        ):
            trial = ParentRun("3f2a91c0", "a trial", {"deeplab.sweep": "3f2a91c0"}) if "6" in words else None
            composed = compose([*words.split(), *QUICK, "dataset.limit=64", "training.batch_size=16"])
            newest = train(composed, parent=trial)
        store = open_to_read(composed.config.tracking)
        pack(store, [store.get_run(newest.run_id)], workplace / "mine.zip")
    return workplace


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the same content, which a command may change."""
    shutil.copyfile(trained / "mlflow.db", tmp_path / "mlflow.db")
    shutil.copytree(trained / "mlruns", tmp_path / "mlruns", copy_function=os.link)  # files are replaced, not changed
    begin_anew()
    relocate(tmp_path / "mlflow.db")  # or it would be told that this is a copy
    shutil.copytree(trained / "experiments", tmp_path / "experiments")
    for path in trained.iterdir():
        if not (tmp_path / path.name).exists() and path.name != ".deeplab":
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEEPLAB_DATA", str(trained))
    return tmp_path


def shortened(line: str) -> list[str]:
    words = shlex.split(line)[1:]
    if words[0] == "train":
        if "--resume" in words:
            return [*words[:3], *(["training.epochs=2"] if len(words) > 3 else [])]
        more = [*QUICK, "training.batch_size=16", "dataset.limit=64"]
        return [*(word for word in words if not word.startswith("dataset.limit")), *more]
    if "--decide" in words:  # all its runs are there, and nothing more is begun
        return [*words[: words.index("--hours")], "--hours", "1e-9"]
    more = SHORTENED.get(words[0], [])
    return words if set(more[:1]) & set(words) else [*words, *more]


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_documents_does_what_it_says(line: str, here: Path, cli: Callable[..., Outcome]) -> None:
    outcome = cli(*shortened(line))
    if line.startswith("deeplab train --resume latest") and "epochs" not in line:
        assert FINISHED in outcome.err or outcome.status == 0
        return
    found = (0, 3, 4) if line.startswith("deeplab study") else (0,)  # a published figure may well differ
    assert outcome.status in found, outcome.err
    assert outcome.err == ""


def test_the_documents_have_commands_and_their_links_lead_somewhere() -> None:
    assert len(commands()) > 50
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/testing.md", "README.md"])
def test_what_a_page_for_developers_names_is_there(page: str) -> None:
    named = re.findall(r"`((?:src|tests|conf|scripts|docs)/[\w./-]+)`", (ROOT / page).read_text())
    assert len(named) > 8
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("what", ["network", "data set", "metric", "figure", "command", "launcher"])
def test_every_recipe_has_an_example_that_is_in_the_tree(what: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    recipe = text.partition(f"\n### A {what}\n")[2].partition("\n### ")[0]
    example = re.search(r"Example:\s+`(\w+)`|Example:\s+`([\w/.]+)`", recipe)
    assert example is not None
    word, path = example.groups()
    files = [ROOT / name for name in re.findall(r"`(src/[\w/.]+\.py)`", recipe) if "NAME" not in name]
    assert (ROOT / path).is_file() if path else any(word in file.read_text() for file in files)


def test_the_page_on_security_names_files_that_are_there() -> None:
    named = re.findall(r"`(\w+/[\w/]+\.py)`", (ROOT / "docs" / "security.md").read_text())
    assert len(named) > 20
    assert [path for path in named if not (ROOT / "src" / "deeplab" / path).is_file()] == []

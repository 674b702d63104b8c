from pathlib import Path

import pytest

from deeplab.config.compose import compose
from deeplab.config.schema import AdadeltaConfig, CosineConfig, NpzConfig, TailConfig
from deeplab.errors import UserError


def error(*overrides: str, config_dir: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        compose(overrides, config_dir)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_defaults() -> None:
    config = compose([]).config
    assert config.model.name == "cnn_dropout"
    assert config.optimizer == AdadeltaConfig("adadelta", 1.0, 0.95, 1e-7)
    assert config.validation == TailConfig("tail", 0.2)
    assert (config.training.epochs, config.training.batch_size, config.seed, config.l2) == (6, 32, 0, None)


def test_groups_and_values_are_overridden() -> None:
    config = compose(["schedule=cosine", "schedule.warmup_epochs=2", "dataset=npz", "dataset.path=a.npz"]).config
    assert config.schedule == CosineConfig("cosine", 2, 0.0)
    assert config.dataset == NpzConfig("npz", "a.npz", "auto", None, None, None, "auto", None, False, False)


@pytest.mark.parametrize("name", ["75658769", "00123456", "12345e67", "latest"])
def test_the_beginning_of_an_id_may_look_like_a_number(name: str) -> None:
    assert compose([f"training.initial_weights={name}"]).config.training.initial_weights == name


def test_configuration_is_frozen() -> None:
    config = compose([]).config
    with pytest.raises(AttributeError):
        config.seed = 3


def test_l2_reaches_the_layers() -> None:
    layers = compose(["model=mlp_64_64", "l2=1e-3"]).config.model.layers
    assert [layer.get("l2") for layer in layers if layer["type"] == "Dense"] == [0.001, 0.001, None]


def test_settings_of_a_network_reach_its_layers() -> None:
    model = compose(["model.dropout=0.4"]).config.model
    assert model.settings["dropout"] == 0.4
    assert {"type": "Dropout", "rate": 0.4} in model.layers


def test_a_layer_is_overridden_by_its_index() -> None:
    assert compose(["model.layers.0.filters=8"]).config.model.layers[0]["filters"] == 8


@pytest.mark.parametrize("text", ["tags.course=nn101", "tags={course: nn101}", "+tags.course=nn101"])
def test_tags_are_free(text: str) -> None:
    assert compose([text]).config.tags == {"course": "nn101"}


def test_hash_depends_on_the_composed_values_alone() -> None:
    assert compose(["seed=3"]).hash == compose(["seed=3", "training.epochs=6"]).hash != compose([]).hash


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("training.epoch=3", "Unknown key 'epoch' in training. Did you mean 'epochs'? Known: accumulate, batch_size, "),
        ("epochs=3", "Unknown key 'epochs'. Did you mean 'training.epochs'?"),
        ("learning_rate=3", "Unknown key 'learning_rate'. Did you mean 'optimizer.learning_rate'?"),
        ("=1", "has no key; write key=value"),
        ("training.threads=1000000", "training.threads: must be less than or equal to 1024, got 1000000."),
        ("tags={a+b: 1}", "The key 'tags.a+b' must be of letters, digits"),
        ("trainng.epochs=3", "Unknown key 'trainng'. Did you mean 'training'? Known: dataset, "),
        ("model=cnn_dropuot", "Unknown model 'cnn_dropuot'. Did you mean 'cnn_dropout'? Known: all_cnn, autoencoder, "),
        ("optimizer=adm", "Unknown optimizer 'adm'. Did you mean 'adam'? Known: adadelta, adafactor, adam, "),
        ("optimizer.momentm=1", "Unknown key 'momentm' in optimizer. Known: epsilon, kind, learning_rate, rho."),
        (
            "optimizer.nesterov=true",
            "Unknown key 'nesterov' in optimizer; other choices have it: optimizer=muon, optimizer=sgd.",
        ),
        ("training.epochs=many", 'training.epochs: must be an integer, got "many".'),
        ("training.epochs=2.5", "training.epochs: must be an integer, got 2.5."),
        ("training.epochs=0", "training.epochs: must be greater than 0, got 0."),
        ("training.batch_size=-1", "training.batch_size: must be greater than 0, got -1."),
        ("training.restore_best_weights=1", "training.restore_best_weights: must be a boolean, got 1."),
        ("optimizer.learning_rate=0", "optimizer.learning_rate: must be greater than 0, got 0."),
        ("optimizer.learning_rate=nan", "optimizer.learning_rate: must be a finite number, got NaN."),
        ("validation.fraction=1", "validation.fraction: must be less than 1, got 1."),
        ("validation.fraction=0", "validation.fraction: must be greater than 0, got 0."),
        ("l2=-1", "l2: must be greater than or equal to 0, got -1."),
        ("seed=-1", "seed: must be greater than or equal to 0, got -1."),
        ("training.device=tpu", "training.device: must be auto, cpu, gpu or the number of a GPU as in gpu:1"),
        ("training.class_weights=[1,-2]", "training.class_weights[1]: must be greater than 0, got -2."),
        (
            "training.class_weights=even",
            "training.class_weights: must be 'balanced' or a list, got \"even\".",
        ),
        (
            "training.loss=binary_crossentrop",
            "training.loss: must be 'categorical_crossentropy', 'binary_crossentropy', 'mean_squared_error', "
            "'half_squared_error', 'mean_absolute_error' or 'huber', "
            "got \"binary_crossentrop\". Did you mean 'binary_crossentropy'?",
        ),
        ("training.clip_norm=0", "training.clip_norm: must be greater than 0, got 0."),
        ("training.clip_value=-1", "training.clip_value: must be greater than 0, got -1."),
        ("training.ema=1", "training.ema: must be less than 1, got 1."),
        ("training.ema=-0.1", "training.ema: must be greater than 0, got -0.1."),
        ("training.accumulate=0", "training.accumulate: must be greater than 0, got 0."),
        ("training.accumulate=1.5", "training.accumulate: must be an integer, got 1.5."),
        ("model.layers.99.units=5", "model.layers has 8 entries, 0 to 7."),
        ("model.layers=[]", "model.layers: must not be empty, got []."),
        ("training.epochs.x=5", "training.epochs is a value, it has no keys."),
        ("dataset=npz", "dataset.path must be given: dataset.path=..."),
        ("notes=${nothing}", "Interpolation key 'nothing' not found"),
        ("seed=1,2", "has several values; one run takes one."),
        ("seed", "cannot be read; write key=value"),
        ("~seed", "write key=value."),
        ("+training.foo=3", "nothing can be added to a configuration"),
        ("model@other=cnn", "write key=value."),
        ("tags.mlflow.runName=x", "tags"),
        ("schedule=piecewise schedule.factors=[1]", "cannot be read"),
    ],
)
def test_a_bad_override_is_one_line(override: str, line: str) -> None:
    assert line in error(override)


def test_gradients_are_clipped_in_one_way() -> None:
    line = error("training.clip_norm=1", "training.clip_global_norm=2")
    assert line == "training: gradients are clipped in one way at most, got clip_norm and clip_global_norm."


@pytest.mark.parametrize("value", ["factor=1", "factor=0", "patience=0", "min_delta=-1", "min_learning_rate=-1"])
def test_a_plateau_that_makes_no_sense_is_one_line(value: str) -> None:
    key, number = value.split("=")
    line = error("schedule=plateau", f"schedule.{value}")
    assert line.startswith(f"schedule.{key}: must be ")
    assert line.endswith(f", got {number}.")


def test_piecewise_needs_one_factor_more_than_boundaries() -> None:
    line = error("schedule=piecewise", "schedule.boundary_epochs=[2,4]", "schedule.factors=[1,0.1]")
    assert line.startswith("schedule: factors must be one more than boundary_epochs (2), got 2")


def test_l2_is_refused_where_the_network_names_none(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "bare.yaml").write_text(
        "name: bare\nlayers:\n  - {type: Flatten}\n  - {type: Dense, units: num_classes, activation: softmax}\n"
    )
    assert compose(["model=bare"], tmp_path).config.model.name == "bare"
    assert error("model=bare", "l2=0.001", config_dir=tmp_path).startswith(
        "l2=0.001 changes nothing: the network 'bare' names no l2."
    )


def test_own_folder_comes_first_and_deeplab_s_stays_behind_it(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    text = (Path(__file__).parents[2] / "conf" / "training" / "default.yaml").read_text()
    (tmp_path / "training" / "default.yaml").write_text(text.replace("epochs: 6", "epochs: 77"))
    config = compose(["model=cnn"], tmp_path).config
    assert (config.training.epochs, config.model.name) == (77, "cnn")


def test_own_folder_may_have_an_awkward_name(tmp_path: Path) -> None:
    awkward = tmp_path / "it's, my=conf {1}"
    (awkward / "optimizer").mkdir(parents=True)
    (awkward / "optimizer" / "mine.yaml").write_text("kind: sgd\nlearning_rate: 0.5\nmomentum: 0\nnesterov: false\n")
    assert compose(["optimizer=mine"], awkward).config.optimizer.learning_rate == 0.5


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "kind: sgdd\nlearning_rate: 0.5\n",
            "Unknown kind 'sgdd' in optimizer. Did you mean 'sgd'? Known: adadelta",
        ),
        ("learning_rate: 0.5\n", "optimizer.kind is missing."),
        ("kind: sgd\nlearning_rate: 0.5\nmomentum: 0\n", "optimizer.nesterov is missing."),
        (
            "kind: adadelta\nlearning_rate: 1\nroh: 0.9\nrho: 0.9",
            "Unknown key 'roh' in optimizer. Did you mean 'rho'?",
        ),
        ("- 1\n- 2\n", "holds no mapping; a configuration is made of lines like key: value."),
        ("kind: [1\n", "is no valid YAML"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "optimizer").mkdir()
    (tmp_path / "optimizer" / "mine.yaml").write_text(text)
    assert line in error("optimizer=mine", config_dir=tmp_path)


def test_a_misspelt_kind_of_data_set_is_told(tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mine.yaml").write_text("kind: mnits\nlimit: null\n")
    assert "Unknown kind 'mnits' in dataset. Did you mean 'mnist'?" in error("dataset=mine", config_dir=tmp_path)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    assert "No such file or directory. Give a folder laid out as conf/." in error(config_dir=tmp_path / "nothing")

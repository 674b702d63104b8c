import pytest

from deeplab.errors import UserError
from deeplab.models.build import build
from deeplab.models.check_layers import check_layers

PLUGIN = """
import keras

class Doubled(keras.layers.Layer):
    def __init__(self, kernel_initializer="glorot_uniform", size=1, **kwargs):
        super().__init__(**kwargs)
        self.kernel_initializer, self.size = kernel_initializer, size

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=input_shape[1:], initializer=self.kernel_initializer)

    def call(self, inputs):
        return 2 * inputs * self.kernel

    def compute_output_shape(self, input_shape):
        return input_shape
"""
FLATTEN = {"type": "Flatten"}
OUTPUT = {"type": "Dense", "units": "num_classes", "activation": "softmax"}


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """An installed package that offers a layer, and another one under the name of a layer of Keras."""
    (tmp_path / "doubling_layers.py").write_text(PLUGIN)
    info = tmp_path / "doubling_layers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubling-layers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[deeplab.layers]\nDoubled = doubling_layers:Doubled\nDense = doubling_layers:Doubled\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


def test_a_package_adds_a_layer_that_is_built_from_the_seed(plugin, network, facts):
    net = network({"type": "Doubled", "size": "any word"}, FLATTEN, OUTPUT)
    one, two = (build(net, facts(4, 4, 1), seed=7) for _ in range(2))
    assert one.layers[1].name == "doubled_1"
    assert one.layers[1].kernel.shape == (4, 4, 1)
    assert one.layers[1].kernel.numpy().tobytes() == two.layers[1].kernel.numpy().tobytes()
    assert type(one.layers[3]).__module__.startswith("keras.")


def test_the_layers_of_packages_are_among_the_known(plugin):
    with pytest.raises(UserError, match=r"Did you mean 'Doubled'\? Known: .*Dense, DepthwiseConv2D, Doubled, "):
        check_layers(({"type": "Double"},))


def test_without_the_package_the_layer_is_unknown():
    with pytest.raises(UserError, match=r"^Unknown layer 'Doubled' in model.layers\[0\]"):
        check_layers(({"type": "Doubled"},))


def test_a_mapping_is_refused_for_layers_of_packages_too(plugin):
    with pytest.raises(UserError, match=r"model.layers\[0\].size must be a finite number, a string"):
        check_layers(({"type": "Doubled", "size": {"class_name": "Lambda"}},))

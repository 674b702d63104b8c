"""Networks of `keras.applications` as a layer: `- {type: Backbone, name: MobileNetV2, weights: imagenet}`."""

import contextlib
import io
import random
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras

from deeplab.config.backbone_weights import IMAGENET
from deeplab.errors import UserError, unknown_name
from deeplab.models.weight_file import load_weights

SMALLEST = 32  # pixels; keras.applications allows no less
_RGB_MEAN, _RGB_DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of ImageNet, for pixels in [0, 1]
_CAFFE_MEAN = [123.68, 116.779, 103.939]  # the same for pixels from 0 to 255


class Backbone:
    """Stands for the network among the layers until it is known what images it gets.

    It takes pixels in [0, 1] and has the preprocessing that belongs to its weights in front; an image in grey becomes
    one of three equal channels. Frozen layers run as in inference, those of dropout among them.
    """

    def __init__(self, settings: Mapping[str, Any], where: str, name: str, seed: int) -> None:
        """Make nothing yet.

        Args:
            settings: of the entry, past `check_backbone`.
            where: its place in the configuration.
            name: of the layer.
            seed: of initial weights.
        """
        self.name, self._settings, self._where, self._seed = name, settings, where, seed
        self._made: dict[tuple[int, ...], keras.Model] = {}

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape behind it; a ValueError where it takes no such images."""
        return tuple(self.network(tuple(size or 0 for size in shape[1:])).output.shape)

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make it for images of a shape, [batch, height, width, channels]."""
        self.weights = self.network(tuple(size or 0 for size in shape[1:])).weights

    def network(self, shape: tuple[int, ...]) -> keras.Model:
        """The network for images of a shape, without the weights of a file."""
        if shape not in self._made:
            if min(shape[:2]) < SMALLEST:
                raise ValueError(f"{self._settings['name']} takes images of at least {SMALLEST}x{SMALLEST}")
            if shape[2] not in (1, 3):
                raise ValueError(f"{self._settings['name']} takes images of one channel or three")
            self._made[shape] = self._make(shape)
        return self._made[shape]

    def loaded(self, shape: tuple[int, ...]) -> keras.Model:
        """The network with the weights that its entry names.

        Raises:
            UserError: they cannot be had, or are those of another network.
        """
        network = self.network(shape)
        weights = self._settings["weights"]
        if weights == IMAGENET:
            _load_imagenet(network, self._settings, self._where)
        elif weights is not None:
            load_weights(network, weights, self._settings["sha256"], f"{self._where}.weights")
        return network

    def _make(self, shape: tuple[int, ...]) -> keras.Model:
        settings = self._settings
        inputs = keras.Input(shape, dtype="float32", name="images")
        with _seeded(self._seed, self.name):
            made = _application(settings, weights=None, input_tensor=_preprocessed(settings["name"], inputs))
        network = keras.Model(inputs, made.output, name=self.name)
        _name_by_number(network)
        _freeze(network, settings, self._where)
        return network


def _application(settings: Mapping[str, Any], **arguments: Any) -> keras.Model:
    alpha = {} if settings.get("alpha") is None else {"alpha": settings["alpha"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of image sizes other than those that it was trained with
        return getattr(keras.applications, settings["name"])(
            include_top=False, pooling=settings.get("pooling"), **alpha, **arguments
        )


def _preprocessed(name: str, images: Any) -> Any:
    """What the application takes, of pixels in [0, 1]; its own `preprocess_input` makes it of those from 0 to 255."""
    plain: dict[str, Any] = {"dtype": "float32"}
    if images.shape[-1] == 1:
        images = keras.layers.Concatenate(name="three_channels", **plain)([images] * 3)
    if name == "MobileNetV2":
        return keras.layers.Rescaling(2.0, -1.0, name="preprocessing", **plain)(images)
    if name == "DenseNet121":
        variance = [each**2 for each in _RGB_DEVIATION]
        return keras.layers.Normalization(mean=_RGB_MEAN, variance=variance, name="preprocessing", **plain)(images)
    if name == "ResNet50":
        centred = keras.layers.Rescaling(255.0, [-mean for mean in _CAFFE_MEAN], name="preprocessing", **plain)(images)
        return keras.ops.flip(centred, axis=-1)  # from RGB to BGR
    return keras.layers.Rescaling(255.0, name="preprocessing", **plain)(images)  # the rest is inside


@contextlib.contextmanager
def _seeded(seed: int, name: str) -> Iterator[None]:
    """Let the initialisers that Keras makes inside draw by a seed: they take theirs from Python's generator."""
    state = random.getstate()
    random.seed(f"{seed}/{name}")
    try:
        yield
    finally:
        random.setstate(state)


def _name_by_number(network: keras.Model) -> None:
    """Name layers that Keras has counted through the whole process, as in `re_lu_17`, by their place in the network."""
    for number, layer in enumerate(network.operations):
        if re.sub(r"_\d+$", "", layer.name).replace("_", "") == type(layer).__name__.lower():
            layer.name = f"layer_{number}"


def _freeze(network: keras.Model, settings: Mapping[str, Any], where: str) -> None:
    if not settings.get("frozen"):
        return
    layers = network.layers
    first = len(layers)
    if settings.get("unfreeze_from") is not None:
        first = first_layer(layers, settings["unfreeze_from"], f"{where}.unfreeze_from")
    for layer in layers[:first]:
        layer.trainable = False
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    for layer in layers[first:]:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)


def first_layer(layers: Sequence[Any], name: str, where: str) -> int:
    """The number of the first layer that has a name, or one that begins with it and goes on after a `_`.

    Raises:
        UserError: there is none.
    """
    for number, layer in enumerate(layers):
        if layer.name == name or layer.name.startswith(f"{name}_"):
            return number
    begins = dict.fromkeys("_".join(layer.name.split("_")[:2]) for layer in layers if layer.weights)
    raise unknown_name("layer", name, begins, where)


def _load_imagenet(network: keras.Model, settings: Mapping[str, Any], where: str) -> None:
    """Copy Keras' own weights, which Keras downloads once."""
    inputs = keras.Input((*network.input_shape[1:-1], 3), dtype="float32")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # of a bar
            theirs = _application(settings, weights=IMAGENET, input_tensor=_preprocessed(settings["name"], inputs))
    except ValueError as error:
        raise UserError(f"{where}: {str(error).splitlines()[0]}") from error
    except Exception as error:  # Keras' own for a download that failed
        if not isinstance(error, OSError) and "URL fetch failure" not in str(error):
            raise
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{where}: the weights of {settings['name']} on ImageNet cannot be downloaded ({reason}). Put that file "
            "into ~/.keras/models, or name it (weights: FILE), or write weights: null to begin with random ones."
        ) from error
    network.set_weights(theirs.get_weights())

"""The figures that a run left, each with its caption and with words for who cannot see it."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType

from deeplab.report.page import Picture
from deeplab.tracking.run import Run

_SUFFIXES = (".png", ".gif")
# In the order in which they are shown: caption, and what is to be seen.
_KNOWN = {
    "decision": ("What is known after each seed", "the interval of each difference by the number of seeds, and 0"),
    "why": ("What each difference brings", "the score of A, what each difference adds to it, and the score of B"),
    "sweep": ("The points compared", "the score of every point, with its spread over replicates"),
    "search": ("The search", "the score of every trial in the order it was drawn, and against each value drawn"),
    "pareto": (
        "The Pareto front",
        "each finished trial by its objectives, and which are on the front",
    ),
    "noise_curve": (
        "Classified rightly under noise",
        "the true-positive rate by level of noise, as the images are and denoised",
    ),
    "noise_classes": ("Classified rightly under noise, by class", "a map of the rates by level of noise and class"),
    "curves": ("Learning curves", "loss and score of training and validation, epoch by epoch"),
    "confusion": ("Confusion matrix of the test set", "how often each class is taken for each other"),
    "reliability": ("Sure and right", "how often the network is right among rows that it is as sure of"),
    "roc": ("ROC curve of the test set", "the rate of true positives by that of false ones"),
    "precision_recall": ("Precision and recall on the test set", "the precision at each recall"),
    "predicted": ("Predicted and true values", "a dot for each test row, near the diagonal where it is predicted well"),
    "residuals": ("Residuals", "by how much each predicted value is too small or too large"),
    "mistakes": ("The surest mistakes", "test images that are classified wrongly with most confidence"),
    "denoised": ("Test images, before and after", "test images, what the network gets and what it gives back"),
    "filters": ("Weights of the first layer", "the weights of the first layer as images"),
    "boundary": ("What the network answers in the plane", "its answer at every point, with the data on it"),
    "units": ("Units of the hidden layers", "what each hidden unit answers in the plane"),
    "diagram": ("The network", "its layers with shapes and numbers of parameters"),
    "probabilities": ("Probability of each class", "a bar for each class"),
    "saliency": ("Pixels that the answer depends on", "the gradient of the answer by each pixel, over the image"),
    "strongest": ("Strongest feature maps", "the maps that answer most strongly"),
    "reconstruction": ("Given back", "the image, what the network gives back, and their difference"),
}
_ORDER = list(_KNOWN)


def pictures_in(paths: Sequence[str], folder: str) -> list[str]:
    """Choose the figures of a folder, those that say most first."""
    inside = [path for path in paths if path.startswith(f"{folder}/") and path.lower().endswith(_SUFFIXES)]
    return sorted(inside, key=_place)


def caption_of(name: str) -> tuple[str, str]:
    """Return the caption of a figure that every run of a kind has, and what is to be seen on it.

    Examples:
        >>> caption_of("gallery/level_0.400")
        ('Test images at level 0.4', 'test images, what noise makes of them, and what comes of it denoised')
    """
    _, is_gallery, level = name.partition("gallery/level_")
    if is_gallery:
        seen = "test images, what noise makes of them, and what comes of it denoised"
        return f"Test images at level {float(level):g}", seen
    return _KNOWN[name]


def pictures(run: Run, paths: Sequence[str], captions: Mapping[str, str] = MappingProxyType({})) -> tuple[Picture, ...]:
    """Give figures their captions.

    Args:
        run: whose figures they are.
        paths: of them.
        captions: of those whose names do not say it.
    """
    return tuple(_picture(path, run.name, captions.get(path)) for path in paths)


def _picture(path: str, name: str, caption: str | None) -> Picture:
    stem = PurePosixPath(path).stem
    if caption is None and stem in _KNOWN:
        caption, seen = _KNOWN[stem]
        if path.lower().endswith(".gif"):
            caption = f"{caption}, while it is trained"
        return Picture(path, f"{caption} of {name}: {seen}", caption)
    caption = caption or _in_words(path)
    return Picture(path, f"{caption}, of {name}", caption)


def _in_words(path: str) -> str:
    """Name a file in words: `gallery/level_0.400.png` as `Level 0.400`, `maps_01_conv2d.png` as `Maps 01 conv2d`."""
    text = PurePosixPath(path).stem.replace("_", " ")
    return text[:1].upper() + text[1:]


def _place(path: str) -> tuple[int, str]:
    stem = PurePosixPath(path).stem
    return (_ORDER.index(stem) if stem in _ORDER else len(_ORDER), path)

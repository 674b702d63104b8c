"""Axes of a metric against the epoch, as every figure of learning curves has them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from deeplab.metrics import is_share

_LOG_RATIO = 100.0


def set_epoch_axes(axes: Axes, metric: str, epochs: NDArray[np.int64], finite: NDArray[np.float64]) -> None:
    """Set limits, labels and scales; a loss that falls a hundredfold gets a logarithmic one.

    Args:
        axes: to be set.
        metric: that is drawn; a share is shown in per cent.
        epochs: of all lines together, from 1.
        finite: every value that is drawn and finite.
    """
    share = is_share(metric)
    axes.set(xlabel="epoch", ylabel=f"{metric} (%)" if share else metric)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    first, last = int(epochs.min()), int(epochs.max())
    margin = max(0.02 * (last - first), 0.5 if first == last else 0.15)
    axes.set_xlim(first - margin, last + margin)
    if not share and finite.size and finite.min() > 0 and finite.max() > _LOG_RATIO * finite.min():
        axes.set_yscale("log")
        axes.set_ylabel(f"{metric} (log scale)")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))

"""Layers, losses, metrics, data sets and schedules in one Python file of your own: `--code FILE`, see docs/plugins.md.

A file declares them with these decorators. They change nothing of what they stand before.
"""

from deeplab.code.declare import dataset, layer, loss, metric, schedule

__all__ = ["dataset", "layer", "loss", "metric", "schedule"]

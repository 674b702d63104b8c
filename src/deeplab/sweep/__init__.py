"""Sweeps: a frozen plan of trainings, carried out by worker processes or a cluster, and what came of it."""

import sys

from deeplab import CallablePackage

sys.modules[__name__].__class__ = CallablePackage

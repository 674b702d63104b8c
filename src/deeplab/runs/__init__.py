"""Stored runs, asked about: chosen, summed up, compared, deleted."""

import sys

from deeplab import CallablePackage

sys.modules[__name__].__class__ = CallablePackage

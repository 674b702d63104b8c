"""The tags that deeplab sets and reads: one constant each."""

ERROR_TAG = "deeplab.error"
KIND_TAG = "deeplab.kind"
PARENT_TAG = "mlflow.parentRunId"
# Of an evaluation: the run whose network it scored.
SOURCE_TAG = "deeplab.source"
OUR_TAGS = "deeplab."
TRIAL_TAG = "deeplab.trial"
KEY_TAG = "deeplab.sweep_key"
REPRODUCES_TAG = "deeplab.reproduces"
VERDICT_TAG = "deeplab.reproduction"

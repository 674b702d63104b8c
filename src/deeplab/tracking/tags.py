"""The tags that deeplab sets and reads: one constant each, and no other file spells one out."""

OUR_TAGS = "deeplab."

# MLflow's own.
NOTES_TAG = "mlflow.note.content"
PARENT_TAG = "mlflow.parentRunId"

# Of every run: what it is, the last sign of life, why it failed, and that a search ended it early.
ERROR_TAG = "deeplab.error"
HEARTBEAT_TAG = "deeplab.heartbeat"
KIND_TAG = "deeplab.kind"
PRUNED_TAG = "deeplab.pruned"

# Where a run comes from.
CODE_TAG = "deeplab.code_sha256"
CODE_FILE_TAG = "deeplab.code_file"
COMMIT_TAG = "deeplab.git_commit"
CONFIG_DIR_TAG = "deeplab.config_dir"  # as it was given
CONFIG_TAG = "deeplab.config_hash"
DATA_TAG = "deeplab.dataset_sha256"
DETERMINISTIC_TAG = "deeplab.deterministic"
DEVICE_TAG = "deeplab.device"
DIRTY_TAG = "deeplab.git_dirty"
ENGINE_REASON_TAG = "deeplab.engine_reason"
ENGINE_TAG = "deeplab.engine"
INITIAL_WEIGHTS_TAG = "deeplab.initial_weights"
PARAMETERS_TAG = "deeplab.parameters"
THREADS_TAG = "deeplab.threads"
VALIDATION_DATA_TAG = "deeplab.validation_sha256"
VALIDATION_TAG = "deeplab.validation"

# Of a sweep or a search: what its plan holds and what came out.
DECISION_TAG = "deeplab.decision"  # of a sweep that grew until it was decided: what is known, in a sentence
MARGIN_TAG = "deeplab.margin"
BUDGET_TAG = "deeplab.budget"  # which budget ended it and what is missing; empty once that is trained
WHY_TAG = "deeplab.why"  # of a sweep over what lies between two configurations: what each difference brings
BEST_POINT_TAG = "deeplab.best_point"
CARRIED_BY_TAG = "deeplab.carried_by"  # on a server: a random word of the process that carries it out
CONFIRMS_TAG = "deeplab.confirms"  # the sweep whose best point is trained again with fresh seeds
FOLDS_TAG = "deeplab.folds"
POINTS_TAG = "deeplab.points"
REPLICATES_TAG = "deeplab.replicates"
SEARCH_TAG = "deeplab.search"
STUDY_TAG = "deeplab.study"
SWEEP_KEY_TAG = "deeplab.sweep_key"
TRIALS_TAG = "deeplab.trials"

# Of a trial: its sweep, its place there, and one tag for each axis (`deeplab.axis.optimizer.learning_rate`).
AXIS_TAGS = "deeplab.axis."
POINT_TAG = "deeplab.point"
REPLICATE_TAG = "deeplab.replicate"
SWEEP_TAG = "deeplab.sweep"
TRIAL_TAG = "deeplab.trial"

# Of an evaluation: the run whose network it scored. Of a noise curve: the networks, and what makes it the same again.
CLASSIFIER_TAG = "deeplab.classifier"
DENOISERS_TAG = "deeplab.denoisers"
NOISE_KEY_TAG = "deeplab.noise_key"
SOURCE_TAG = "deeplab.source"

# Of a reproduction: the run that it does again, and how near it came.
REPRODUCES_TAG = "deeplab.reproduces"
VERDICT_TAG = "deeplab.reproduction"

# Of an MLflow experiment: that its files lie beside the database.
BESIDE_TAG = "deeplab.files"

"""What each command does, one file a command: parse, call, print.

A module is imported when its command is called (`COMMANDS` in `deeplab.cli.main`), and imports what it needs at its
top. What takes long to import and is not always needed (TensorFlow, Keras, MLflow, Matplotlib, Optuna, scikit-learn,
pandas) is imported in the functions that use it: a configuration that is refused costs none of them.
"""

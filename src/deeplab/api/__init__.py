"""What a notebook and a script use: `deeplab.train`, `sweep`, `runs` and `load`, and what these return."""

import warnings

# MLflow's tqdm looks for widgets in every notebook; deeplab's own bar needs none.
warnings.filterwarnings("ignore", message="IProgress not found")

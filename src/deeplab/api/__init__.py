"""What a notebook and a script use: `deeplab.train`, `sweep`, `runs` and `load`, and what these return."""

"""`deeplab doctor`: what deeplab finds on this machine."""

from deeplab.cli.arguments import ConfigDir, Overrides, reading_files
from deeplab.cli.terminal.text import print_line
from deeplab.config.compose import compose
from deeplab.workflows.doctor import diagnose


@reading_files
def doctor(overrides: Overrides = None, config_dir: ConfigDir = None) -> None:
    """Show versions, processors and cards (each tried), data folder and store, and why no GPU is used if none is."""
    config = compose(overrides or [], config_dir).config
    for topic, finding in diagnose(config):
        print_line(f"{topic:<12} {finding}")

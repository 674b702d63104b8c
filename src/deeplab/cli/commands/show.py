"""`deeplab show`: one run in full."""

from deeplab.cli.arguments import AsJson, ConfigDir, RunArguments, reading_files, running_code
from deeplab.cli.lookup import named_run
from deeplab.cli.terminal.page import print_page
from deeplab.cli.terminal.text import to_json
from deeplab.report.write import describe
from deeplab.runs.detail import detail, files_of


@reading_files
@running_code
def show(run: RunArguments, as_json: AsJson = False, config_dir: ConfigDir = None) -> None:
    """Show the configuration of a run, its scores, history, files and origin.

    deeplab show best:model=cnn6
    """
    store, chosen = named_run(run, config_dir)
    if as_json:
        print(to_json(detail(store, chosen)))
    else:
        print_page(describe(store, chosen, files_of(store, chosen)))

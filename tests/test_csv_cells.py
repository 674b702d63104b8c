"""What stands in the CSV files that deeplab writes."""

import csv
import io

from deeplab.files import table


def test_texts_act_neither_on_a_spreadsheet_nor_on_a_terminal_and_numbers_stay() -> None:
    row = ["=1+1", "+1", "-1", "-a", "@SUM(A1)", "a=b", "\x1b[31m", "\u202egnp", "two\nlines", -1.5, None]
    head, cells = csv.reader(io.StringIO(table(["=y", *"bcdefghijk"], [row]), newline=""))
    assert head == ["'=y", *"bcdefghijk"]
    shown = ["'=1+1", "+1", "-1", "'-a", "'@SUM(A1)", "a=b", "\\x1b[31m", "\\u202egnp", "two\nlines", "-1.5", ""]
    assert cells == shown

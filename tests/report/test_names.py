"""Names from outside in every format of a report: nothing of them is markup, code or a formula."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from rclicks_hf.benchmark.result_rows import ResultRow, write_part
from rclicks_hf.report import write_report_file
from rclicks_hf.report.tables.table_cells import NamedTable, Row, Table, label
from rclicks_hf.report.tables.text_formats import latex_tables, markdown_tables
from rclicks_hf.support.text.text_table import plain_table

NAMES = (
    *('=HYPERLINK("http://x")', "+1+cmd", "-2+3", "@SUM(A1)", " =1+1"),
    *("a\x1b[31mred\x07", "a\u202egnp.x", "a\nb\rc\td", "a\x9b31m\x85b"),
    "<script>alert(1)</script>",
    "[click](http://x) ![i](http://x/i.png) ~~s~~ $m$ &amp;",
    r"\input{x} $y$ %z #1 _a^b~",
)


def test_a_name_is_only_text_in_every_format(tmp_path: Path) -> None:
    rows = [
        ResultRow(
            "grabcut", stem, stem, "test", name, "ud", run, False, "rclicks-1", "0", iou=[0.6, 0.95]
        )
        for name in NAMES
        for stem in ("a", "b")
        for run in ("base", "g1", "g10")
    ]
    write_part(tmp_path / "results.parquet", rows)
    texts = {}
    for suffix in ("html", "md", "tex", "csv"):
        write_report_file([tmp_path], tmp_path / f"r.{suffix}")
        texts[suffix] = (tmp_path / f"r.{suffix}").read_bytes().decode()
        unseen = re.sub(r"[\n\t]", "", texts[suffix])
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", unseen)
    assert "<script>alert" not in texts["html"]
    assert "<script>alert" not in texts["md"]
    assert not re.search(r"(?<!\\)\[click|(?<!\\)!\\?\[i", texts["md"])
    assert r"\input" not in texts["tex"]
    with (tmp_path / "r.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert all(not row["segmenter"].lstrip().startswith(tuple("=+-@\t\r")) for row in table)
    deltas = [float(row["value"]) for row in table]
    assert len(deltas) == len(table) > 0


def test_surrogates_are_written_as_escapes() -> None:
    name = "a\udc80"
    table = NamedTable(name, name, Table([(name, False)], {name: [Row([label(name)])]}))
    for text in (markdown_tables([table], name), latex_tables([table], name)):
        assert "udc80" in text.encode().decode()
    assert plain_table([[name, "n"], ["\x1b", "1"]], 1).isprintable() is False  # its line feeds
    assert all(line.isprintable() for line in plain_table([[name], ["\x1b"]], 1).splitlines())

from __future__ import annotations

import gzip
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rclicks_hf.data.build.irregular_clicks import count_outside
from rclicks_hf.data.clicks.csv_reader import _SHOWN_NAMES, RejectedRow, read_clicks
from rclicks_hf.data.schema import CLICK_SCHEMA
from rclicks_hf.errors import RclicksError

HEADER = "dataset,full_stem,image_stem,object_stem,click_type,model_type,device,x,y,w,h"
FIRST = "GrabCut,304074,304074,,first,,pc,10,20,321,481"
LATER = "COCO,hot dog00_1_ritm_fn_pc_23,hot dog00_1,,fn,ritm,mobile,1,2,640,480"


def _write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def test_columns_types_and_words(tmp_path: Path) -> None:
    table = read_clicks(_write(tmp_path / "c.csv", FIRST, LATER))
    assert table.schema.names == [*CLICK_SCHEMA.names, "x_raw", "y_raw"]
    assert table.select(CLICK_SCHEMA.names).schema.equals(CLICK_SCHEMA)
    assert table.to_pylist()[1] == {
        "dataset": "coco_mval",
        "full_stem": "hot dog00_1_ritm_fn_pc_23",
        "image_stem": "hot dog00_1",
        "object_stem": "",
        "click_type": "fn",
        "model_type": "ritm",
        "device": "mobile",
        "x": 1,
        "y": 2,
        "w": 640,
        "h": 480,
        "x_raw": 1.0,
        "y_raw": 2.0,
    }
    assert table["model_type"][0].as_py() == "none"


def test_stems_stay_text_and_unknown_columns_and_models_stay(tmp_path: Path) -> None:
    row = "DAVIS,095,095,,first,newmodel,pc,1,2,3,4,0012"
    table = read_clicks(_write(tmp_path / "c.csv", row, header=f"{HEADER},user"))
    kept = table.select(["full_stem", "model_type", "user"]).to_pylist()
    assert kept == [{"full_stem": "095", "model_type": "newmodel", "user": "0012"}]


def test_columns_in_another_order_and_a_byte_order_mark(tmp_path: Path) -> None:
    names, values = HEADER.split(","), FIRST.split(",")
    path = tmp_path / "c.csv"
    path.write_text(f"{','.join(names[::-1])}\r\n{','.join(values[::-1])}\r\n", "utf-8-sig")
    assert read_clicks(path)["w"].to_pylist() == [321]


def test_duplicates_and_blank_lines(tmp_path: Path) -> None:
    assert len(read_clicks(_write(tmp_path / "c.csv", FIRST, "", FIRST, ""))) == 2


def test_outside_clicks_are_clipped_and_counted(tmp_path: Path) -> None:
    rows = [FIRST.replace(",10,20,", f",{x},{y},") for x, y in ((-3, 2), (320.9, 481), (5.7, -0.2))]
    table = read_clicks(_write(tmp_path / "c.csv", *rows))
    assert table["x"].to_pylist() == [0, 320, 5]
    assert table["y"].to_pylist() == [2, 480, 0]
    assert table["x_raw"].to_pylist() == [-3.0, 320.9, 5.7]
    assert table["y_raw"].to_pylist() == [2.0, 481.0, -0.2]
    assert count_outside(table) == 2
    with pytest.raises(RclicksError, match=r"line 2: x -3\.0 is outside the image"):
        read_clicks(tmp_path / "c.csv", on_outside="error")


BAD_ROWS = {
    "text for a number": (FIRST.replace(",10,", ",ten,"), "x 'ten' is not a number"),
    "nan": (FIRST.replace(",20,", ",NaN,"), "y 'NaN' is not a number"),
    "infinite": (FIRST.replace(",20,", ",inf,"), "y 'inf' is not a number"),
    "missing value": (FIRST.replace(",10,", ",,"), "x '' is not a number"),
    "zero width": (FIRST.replace(",321,", ",0,"), "w 0.0 must be 1 to 32768"),
    "negative height": (FIRST.replace(",481", ",-4"), "h -4.0 must be 1 to"),
    "dataset": (FIRST.replace("GrabCut", "Pascal"), "dataset 'Pascal' is unknown; use one of Gr"),
    "device": (FIRST.replace(",pc,", ",tablet,"), "device 'tablet' is unknown; use one of pc, m"),
    "click type": (FIRST.replace(",first,", ",third,"), "click_type 'third' is unknown"),
    "parent folder": (FIRST.replace("304074", "../x"), r"full_stem '../x' may not hold '\.\.'"),
    "absolute path": (FIRST.replace("304074", "/etc/x"), "full_stem '/etc/x' may not hold"),
    "empty stem": (FIRST.replace("304074", ""), "full_stem '' may not be empty"),
    "object path": (FIRST.replace(",,first", ",a/b,first"), "object_stem 'a/b' may not hold"),
    "truncated": ("GrabCut,304", "has 2 fields instead of 11"),
    "too long": (FIRST + ",1", "has 12 fields instead of 11"),
    "quoted newline": ('GrabCut,"30\n4",3,,first,,pc,1,1,5,5', "a quoted field does not end"),
}


@pytest.mark.parametrize(("row", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_rows_name_line_and_value(tmp_path: Path, row: str, message: str) -> None:
    path = _write(tmp_path / "c.csv", FIRST, row, LATER)
    with pytest.raises(RclicksError, match=message) as error:
        read_clicks(path)
    assert str(error.value).startswith(f"{path}, line 3: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: no column 'dataset'"),
        (HEADER.replace(",device", "").encode(), "line 1: no column 'device'; the header needs"),
        (f"{HEADER},x".encode(), "line 1: column 'x' occurs twice"),
        (f"{HEADER},round".encode(), "line 1: column 'round' is reserved"),
        (f"{HEADER}\n{FIRST}\n".encode("utf-16"), "line 1: not UTF-8 text"),
        (f"{HEADER}\n{FIRST}\nCOCO,café".encode("latin-1"), "line 3: not UTF-8 text"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    with pytest.raises(RclicksError, match=message):
        read_clicks(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match=r"c\.csv: cannot be read \(No such file"):
        read_clicks(tmp_path / "c.csv")
    with pytest.raises(RclicksError, match="cannot be read"):
        read_clicks(tmp_path)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_header_alone_is_a_table_without_rows(tmp_path: Path, end: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes((HEADER + end).encode())
    table = read_clicks(path)
    assert table.column_names[: len(CLICK_SCHEMA)] == CLICK_SCHEMA.names
    assert len(table) == 0


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "GrabCut,a"])
def test_any_line_end_will_do(tmp_path: Path, end: str, last: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(end.join([HEADER, FIRST, "", LATER, last]).encode())
    rejected: list[RejectedRow] = []
    table = read_clicks(path, on_error="skip", rejected=rejected)
    assert table["full_stem"].to_pylist() == ["304074", "hot dog00_1_ritm_fn_pc_23"]
    assert [(row.line, row.text) for row in rejected] == ([(5, last)] if last else [])


def test_a_line_of_commas_is_not_a_blank_line(tmp_path: Path) -> None:
    path = _write(tmp_path / "c.csv", FIRST, "," * 10, LATER)
    with pytest.raises(RclicksError, match="line 3: x '' is not a number"):
        read_clicks(path)


def test_a_line_longer_than_any_row_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "c.csv", FIRST, FIRST + "z" * 3_000_000)
    with pytest.raises(RclicksError, match=r"line 3: 3,000,\d\d\d bytes long"):
        read_clicks(path)
    columns = ",".join(f"column{number}" for number in range(200_000))
    with pytest.raises(RclicksError, match="line 1: 1,048,576 bytes or longer"):
        read_clicks(_write(tmp_path / "c.csv", FIRST, header=f"{HEADER},{columns}"))


_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete"]),
        st.integers(len(HEADER) + 1, 220),
        st.sampled_from(list(b'",\n\r\0\xff.-e 0/9')),
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=_EDITS)
def test_every_line_of_a_damaged_file_is_a_row_or_is_rejected(
    tmp_path: Path, edits: list[tuple[str, int, int]]
) -> None:
    data = bytearray("\n".join([HEADER, FIRST, LATER, FIRST, ""]).encode())
    for edit, place, byte in edits:
        end = place + 1 if edit != "insert" else place
        data[place:end] = b"" if edit == "delete" else bytes([byte])
    path = tmp_path / "c.csv"
    path.write_bytes(data)
    rejected: list[RejectedRow] = []
    table = read_clicks(path, on_error="skip", rejected=rejected)
    lines = bytes(data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert len(table) + len(rejected) == sum(line != b"" for line in lines[1:])
    for row in rejected:
        assert row.text == lines[row.line - 1].decode("utf-8", errors="backslashreplace")


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    whole = _write(tmp_path / "c.csv", FIRST, LATER)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(whole.read_bytes()))
    writer.start()
    try:
        table = read_clicks(pipe)
    finally:
        writer.join()
    assert table.equals(read_clicks(whole))


def test_skipping_keeps_the_rest_and_reports_what_it_left_out(tmp_path: Path) -> None:
    bad = [row for row, _ in BAD_ROWS.values() if "\n" not in row]
    rejected: list[RejectedRow] = []
    path = _write(tmp_path / "c.csv", FIRST, *bad, LATER)
    table = read_clicks(path, on_error="skip", rejected=rejected)
    assert table["full_stem"].to_pylist() == ["304074", "hot dog00_1_ritm_fn_pc_23"]
    assert [row.line for row in rejected] == list(range(3, 3 + len(bad)))
    reasons = [message for row, message in BAD_ROWS.values() if "\n" not in row]
    for row, message, text in zip(rejected, reasons, bad, strict=True):
        assert message.split(" may ")[0].replace("\\", "") in row.reason
        assert row.text == text
    with pytest.raises(ValueError, match="needs a list"):
        read_clicks(path, on_error="skip")


def test_lines_that_are_not_text_are_skipped_one_by_one(tmp_path: Path) -> None:
    latin = LATER.replace("hot", "chaud é").encode("latin-1")
    split = ('GrabCut,"30', '4",3,,first,,pc,1,1,5,5')
    lines = [HEADER.encode(), FIRST.encode(), latin, *(s.encode() for s in split), LATER.encode()]
    path = tmp_path / "c.csv"
    path.write_bytes(b"\n".join(lines))
    rejected: list[RejectedRow] = []
    table = read_clicks(path, on_error="skip", rejected=rejected)
    assert table["dataset"].to_pylist() == ["grabcut", "coco_mval"]
    assert [row.line for row in rejected] == [3, 4, 5]
    assert rejected[0].text.startswith("COCO,chaud \\xe9")
    assert [row.text for row in rejected[1:]] == list(split)


def test_a_quoted_field_is_read_like_any_other(tmp_path: Path) -> None:
    row = FIRST + ',"a, ""b"""'
    table = read_clicks(_write(tmp_path / "c.csv", row, header=f"{HEADER},note"))
    assert table["note"].to_pylist() == ['a, "b"']
    assert table["x"].to_pylist() == [10]


def test_other_names_of_datasets(tmp_path: Path) -> None:
    rows = [FIRST.replace("GrabCut", name) for name in ("Text_Description", "Object_CutOut")]
    path = _write(tmp_path / "c.csv", *rows)
    names = {"Text_Description": "text", "Object_CutOut": "cutout"}
    assert read_clicks(path, datasets=names)["dataset"].to_pylist() == ["text", "cutout"]
    with pytest.raises(
        RclicksError, match="line 3: dataset 'Object_CutOut' is unknown; use one of"
    ):
        read_clicks(path, datasets={"Text_Description": "text"})


def test_encoded_text_is_the_same_text(tmp_path: Path) -> None:
    path = _write(tmp_path / "c.csv", FIRST, LATER)
    encoded = read_clicks(path, encoded=True)
    assert str(encoded.schema.field("full_stem").type).startswith("dictionary")
    assert encoded.to_pylist() == read_clicks(path).to_pylist()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=60), cut=st.integers(0, 60))
def test_any_noise_is_read_or_refused_in_one_line(tmp_path: Path, noise: bytes, cut: int) -> None:
    path = tmp_path / "c.csv"
    sound = f"{HEADER}\n{FIRST}\n{LATER}\n".encode()
    path.write_bytes(sound[: len(sound) - cut] + noise)
    try:
        table = read_clicks(path)
    except RclicksError as error:
        message = str(error)
    else:
        message = ""
        assert np.all(table["x"].to_numpy() < table["w"].to_numpy())
    assert "\n" not in message


def test_packed_files_are_named(tmp_path: Path) -> None:
    for name in ("clicks.csv.gz", "clicks.csv"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(b"dataset,full_stem"))
        with pytest.raises(RclicksError, match=rf"{name}: is compressed with gzip; give the unpac"):
            read_clicks(path)
    with zipfile.ZipFile(path, "w") as archive:  # an .xlsx file is one, too
        archive.writestr("xl/workbook.xml", "")
    with pytest.raises(RclicksError, match=r"is a zip archive or a spreadsheet; give the unpacked"):
        read_clicks(path)


NUMBERS = {
    "10": 10.0, " 10": 10.0, "10 ": 10.0, "\t10\t": 10.0, "+10": 10.0, "010": 10.0, "10.": 10.0,
    ".5": 0.5, "1e1": 10.0, "1E+01": 10.0, "1e-999": 0.0, "1e0000001": 10.0, "1e0000005": 1e5,
    "1 0": None, "1e": None, "0x10": None, "1_0": None, "\xa010": None, "١": None, "1e999": None,
    "--1": None, "1,0": None, "NA": None, "null": None, '""': None, "1e1.0": None, "Infinity": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), NUMBERS.items(), ids=[repr(key) for key in NUMBERS])
def test_a_number_means_the_same_beside_good_and_bad_rows(
    tmp_path: Path, text: str, value: float | None
) -> None:
    bad = FIRST.replace("GrabCut", "Pascal")
    mixed = [FIRST, bad, "GrabCut,1", FIRST + '"']
    beside: tuple[list[str], ...] = ([], [FIRST], [bad], mixed)
    for column, others in [("x", rows) for rows in beside] + [(name, mixed) for name in "ywh"]:
        fields = FIRST.split(",")
        fields[HEADER.split(",").index(column)] = text
        is_read = value is not None and (column in "xy" or 1 <= value <= 2**15)
        rejected: list[RejectedRow] = []
        path = _write(tmp_path / "c.csv", ",".join(fields), *others)
        table = read_clicks(path, on_error="skip", rejected=rejected)
        assert (2 not in {line.line for line in rejected}) == is_read, (column, others)
        if is_read:
            name = f"{column}_raw" if column in "xy" else column
            assert table[name][0].as_py() == value


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (FIRST.replace("304074,,", "30\x004074,,"), "holds a NUL byte"),
        (FIRST + "\0", "holds a NUL byte"),
        (FIRST.replace("GrabCut", 'Grab"C"ut'), "a quote inside a field"),
        (FIRST.replace("GrabCut", '"Grab"Cut'), "a quote inside a field"),
        (FIRST.replace("GrabCut", ' "GrabCut"'), "a quote inside a field"),
        (FIRST.replace("GrabCut", '"GrabCut" '), "a quote inside a field"),
    ],
)
@pytest.mark.parametrize("others", [[], [LATER], ["GrabCut,1"]])
def test_nul_bytes_and_malformed_quotes_are_refused(
    tmp_path: Path, row: str, message: str, others: list[str]
) -> None:
    path = _write(tmp_path / "c.csv", row, *others)
    with pytest.raises(RclicksError, match=f"line 2: {message}"):
        read_clicks(path)
    rejected: list[RejectedRow] = []
    table = read_clicks(path, on_error="skip", rejected=rejected)
    assert [line.line for line in rejected] == ([2, 3] if others == ["GrabCut,1"] else [2])
    assert len(table) == (others == [LATER])


@pytest.mark.parametrize(
    ("header", "message"),
    [(HEADER.replace("dataset", '"data"set'), "a quote inside"), (HEADER + ",a\0", "NUL byte")],
)
def test_a_malformed_header_is_refused(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(RclicksError, match=f"line 1: holds a NUL|line 1: {message}"):
        read_clicks(_write(tmp_path / "c.csv", FIRST, header=header))


def test_a_line_of_up_to_two_mebibytes_is_refused_wherever_it_is(tmp_path: Path) -> None:
    for length in (2**20, 2**20 + 2**19, 2**21 - 200):
        for before in (0, 4000, 8000):
            path = _write(
                tmp_path / "c.csv", *[FIRST + ","] * before, FIRST + "," + "z" * length,
                header=f"{HEADER},note",
            )  # fmt: skip
            with pytest.raises(RclicksError, match=f"line {before + 2}: .* bytes long"):
                read_clicks(path)


@pytest.mark.parametrize("value", ["z" * 5000, "\x1b[31m" * 300, "é\u202e" * 700])
def test_messages_are_short_and_show_what_cannot_be_seen(tmp_path: Path, value: str) -> None:
    cases = [
        (HEADER, FIRST.replace(old, value, 1)) for old in ("GrabCut", "first", "pc", ",10,", "304")
    ]
    cases[3] = (HEADER, FIRST.replace(",10,", f",{value},"))
    cases += [(f"{HEADER},{value},{value}", FIRST), (HEADER, FIRST.replace("304", f"../{value}"))]
    for header, row in cases:
        path = _write(tmp_path / "c.csv", row, header=header)
        try:
            read_clicks(path)
        except RclicksError as error:
            message = str(error)
            known = ", ".join(_SHOWN_NAMES)
            assert len(message.removeprefix(str(path)).replace(known, "")) < 140, message
            assert message.isprintable()

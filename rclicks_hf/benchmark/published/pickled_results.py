"""Reads one pickle of the paper's results without running anything that it names.

The files hold dicts of lists of object arrays. Before Python's unpickler sees a byte, every opcode
is checked against those that such a file needs: none of them can name code by itself, jump in the
memo, or take more memory than the file is long. The globals that remain are replaced by inert
stand-ins of this module, by their exact names.
"""

from __future__ import annotations

import gc
import io
import math
import pickle
import pickletools
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.visible_text import shorten, shown, visible

LARGEST_FILE = 64 << 20  # bytes; the largest of the paper has about 9 MB
_MOST_CLICKS = 10_000  # on one instance; the paper has up to about 60

# Opcodes whose arguments have a fixed length, of pickle protocol 4.
_FIXED = re.compile(
    rb"(?:[\x94\x93\x81\x85\x86\x87\x88\x89RtNub()}\]es]"  # without an argument
    rb"|C\x08.{8}|C\x01.|h.|j.{4}|K.|M..|J.{4}|\x95.{8})*+",
    re.DOTALL,
)
_SHORT_TEXT, _SHORT_BYTES, _LONG, _STOP = 0x8C, 0x43, 0x8A, 0x2E  # a byte gives the length
_PROTOCOL = b"\x80\x04"

_INT = struct.Struct("<q")
_KINDS = {"O8": None, "f8": struct.Struct("<d"), "i8": _INT, "b1": struct.Struct("<?")}


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """One instance of a run: its image, its mask and what was measured after each click."""

    image: str  # name of the image file, with or without folders
    mask_id: int  # 1, or the colour code of the object
    ious: list[float]  # after each click, in [0, 1]
    boundary_ious: list[float]  # after each click, in [0, 1]
    xs: list[int]  # the clicks, in pixels
    ys: list[int]  # the clicks, in pixels
    are_positive: list[bool]  # their signs


def read_pickled_results(content: bytes, name: str) -> Iterator[InstanceResult]:
    """The instances in one file; `name` is what errors call it."""
    _check_opcodes(content, name)
    try:
        with _no_garbage_collection():
            found = _Unpickler(io.BytesIO(content), name).load()
        entries = found["all_ious"] if isinstance(found, dict) else None
        if not isinstance(entries, list):
            raise ValueError("holds no list of results")
    except RclicksError:
        raise
    except Exception as error:  # a damaged or forged file can raise anything
        raise _unreadable(name, error) from error
    del found
    for number, entry in enumerate(entries):
        try:
            yield _instance(entry)
        except Exception as error:
            raise _unreadable(f"{name}: entry {number}", error) from error


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of small objects and no cycles: looking for them takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _check_opcodes(content: bytes, name: str) -> None:
    """Refuse a file with an opcode that the paper's files do not have."""
    if not content.startswith(_PROTOCOL):
        raise RclicksError(
            f"{name}: is not a pickle of protocol 4{_strange_globals(content)}; {_TRY}"
        )
    place, end = len(_PROTOCOL), len(content)
    while True:
        place = _FIXED.match(content, place).end()  # type: ignore[union-attr]  # matches ""
        opcode = content[place] if place < end else None
        if opcode in (_SHORT_TEXT, _SHORT_BYTES, _LONG) and place + 1 < end:
            place += 2 + content[place + 1]
        elif opcode == _STOP:
            if place + 1 < end:
                raise RclicksError(f"{name}: bytes follow its end; {_TRY}")
            return
        else:
            what = "ends early" if opcode is None else f"has the opcode {_opcode_name(opcode)}"
            raise RclicksError(f"{name}: {what}, which no results file has; {_TRY}")


class _Dtype:
    """Stands for `numpy.dtype`: only the four types that the files hold."""

    __slots__ = ("decode", "is_object")

    def __init__(self, code: str, align: bool, copy: bool) -> None:
        if code not in _KINDS or (align, copy) != (False, True):
            raise ValueError(f"holds an array of type {shown(str(code))}")
        kind = _KINDS[code]
        self.is_object, self.decode = kind is None, None if kind is None else kind.unpack

    def __setstate__(self, state: tuple) -> None:
        version, order, *rest = state
        if version != 3 or order not in ("<", "|") or rest[:5] != [None, None, None, -1, -1]:
            raise ValueError("holds an array of an unusual type")


class _Array:
    """Stands for `numpy.ndarray`: a shape and a list, or two whole numbers."""

    __slots__ = ("rows", "values")

    def __setstate__(self, state: tuple) -> None:
        version, shape, dtype, is_fortran, values = state
        if version != 1 or is_fortran or type(shape) is not tuple or type(dtype) is not _Dtype:
            raise ValueError("holds an array in an unusual form")
        if not all(type(side) is int and 0 <= side <= _MOST_CLICKS for side in shape):
            raise ValueError(f"holds an array of shape {shape}")
        if dtype.is_object:
            if len(shape) != 2 or type(values) is not list or len(values) != math.prod(shape):
                raise ValueError(f"holds an array of shape {shape} with another number of values")
            self.rows, self.values = shape[0], values
        elif shape == (2,) and dtype.decode == _INT.unpack and type(values) is bytes:
            self.rows, self.values = 2, list(struct.unpack("<2q", values))
        else:
            raise ValueError(f"holds an array of shape {shape}")


class _Click:
    """Stands for the paper's `Click`."""

    __slots__ = ("coords", "is_positive")

    def __setstate__(self, state: dict) -> None:
        if type(state) is not dict or state.keys() != {"is_positive", "coords", "indx"}:
            raise ValueError("holds a click in an unusual form")
        self.coords, self.is_positive = state["coords"], state["is_positive"]


class _Function:
    """A callable without attributes, so that nothing can be set on it."""

    __slots__ = ()


class _Reconstruct(_Function):
    __slots__ = ()

    def __call__(self, kind: Any, shape: tuple, code: bytes) -> _Array:
        if kind is not _NDARRAY or shape != (0,) or code != b"b":
            raise ValueError("holds an array in an unusual form")
        return _Array()


class _Scalar(_Function):
    __slots__ = ()

    def __call__(self, dtype: _Dtype, raw: bytes) -> Any:
        return dtype.decode(raw)[0]  # type: ignore[misc]  # None of an object raises, as it should


_NDARRAY = _Function()

#: Every name that a file may hold -> its stand-in.
_GLOBALS: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _Reconstruct(),
    ("numpy.core.multiarray", "scalar"): _Scalar(),
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Dtype,
    ("isegm.inference.clicker", "Click"): _Click,
}
_LONGEST_NAME, _MOST_NAMES = 100, 6  # characters and globals in a message
_TRY = "nothing of it was run; download the paper's archive again"


class _Unpickler(pickle.Unpickler):
    """Knows the stand-ins only."""

    def __init__(self, stream: io.BytesIO, name: str) -> None:
        super().__init__(stream)
        self._name = name

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a global; any other one is refused."""
        if (module, name) not in _GLOBALS:
            wanted = shown(f"{module}.{name}", _LONGEST_NAME)
            raise RclicksError(f"{self._name}: names {wanted}, which no results file needs; {_TRY}")
        return _GLOBALS[module, name]


def _instance(entry: Any) -> InstanceResult:
    if type(entry) is not list or len(entry) != 3:
        raise ValueError("is not [image, array, mask]")
    image, array, mask_id = entry
    if type(image) is not str or type(array) is not _Array or type(mask_id) is not int:
        raise ValueError("is not [image, array, mask]")
    values, rows = array.values, array.rows
    if len(values) != 3 * rows or not rows or mask_id < 0:
        raise ValueError(f"has {len(values)} values in {rows} rows, not three in each")
    ious, boundary_ious, clicks = values[0::3], values[1::3], values[2::3]
    for iou in (*ious, *boundary_ious):
        if type(iou) is not float or not 0 <= iou <= 1:
            raise ValueError(f"has the IoU {shown(str(iou))}")
    places = [_place(click) for click in clicks]
    xs, ys, signs = map(list, zip(*places, strict=True))
    return InstanceResult(image, mask_id, ious, boundary_ious, xs, ys, signs)


def _place(click: Any) -> tuple[int, int, bool]:
    """x, y and sign of a click in one of the three forms of the files."""
    is_positive: Any = True
    if type(click) is _Array:  # a user's: x, y
        x, y = click.values
    else:  # the clicker's or a sampled one: row, column
        if type(click) is _Click:
            click, is_positive = click.coords, click.is_positive
        if type(click) is not tuple:
            raise ValueError("has a click in an unusual form")
        y, x = click
    if type(x) is not int or type(y) is not int or type(is_positive) is not bool:
        raise ValueError("has a click whose numbers are not whole")
    if not (0 <= x < 2**31 and 0 <= y < 2**31):
        raise ValueError(f"has a click at x={x}, y={y}")
    return x, y, is_positive


def _strange_globals(content: bytes) -> str:
    """Names the first strange globals of an older pickle, for the message."""
    strange: dict[str, None] = {}
    with suppress(Exception):  # not a pickle at all
        for opcode, argument, _ in pickletools.genops(content[:1_000_000]):
            if opcode.name in ("GLOBAL", "INST"):
                module, _, name = str(argument).partition(" ")
                if (module, name) not in _GLOBALS:
                    strange[shown(f"{module}.{name}", _LONGEST_NAME)] = None
    return f", and names {', '.join(list(strange)[:_MOST_NAMES])}" if strange else ""


def _opcode_name(opcode: int) -> str:
    known = [known.name for known in pickletools.opcodes if known.code == chr(opcode)]
    return known[0] if known else f"0x{opcode:02x}"


def _unreadable(name: str, error: Exception) -> RclicksError:
    reason = shorten(visible(str(error) or type(error).__name__), 100)
    return RclicksError(f"{name}: not results of the paper ({reason}); {_TRY}")

"""Dictionary-encoded text columns, so that work is done once per word.

A click table repeats some ten thousand names half a million times; Arrow's dictionary arrays keep
each name once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = pa.Array | pa.ChunkedArray

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
_MOST_CODES = 2**62
_FEW_WORDS = 16


def encode(column: Column) -> pa.DictionaryArray:
    """(n,) one dictionary array of a text column, encoded or not; every word is in it once."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks > 1:
        column = column.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    return column


def decode_table(table: pa.Table) -> pa.Table:
    """The table with its dictionary-encoded text as plain strings."""
    columns = {
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pa.table(columns)


def codes_of(column: Column) -> np.ndarray:
    """(n,) int64 codes >= 0 of text or numbers, equal where the values are."""
    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
        return encode(column).indices.to_numpy().astype(np.int64)
    values = np.asarray(column)
    if len(values) and values.dtype.kind in "iuf" and (values == np.trunc(values)).all():
        low = values.min()
        # Beyond 2**52 a difference of floats is rounded, and two could become one.
        if float(values.max()) - float(low) < 2**52:
            return (values - low).astype(np.int64)
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def row_codes(columns: Iterable[Column]) -> np.ndarray:
    """(n,) int64 codes >= 0, equal where two rows agree in all of the columns."""
    total, size = None, 1
    for column in columns:
        codes = codes_of(column)
        count = int(codes.max(initial=0)) + 1
        if total is None:
            total, size = codes, count
            continue
        if size * count > _MOST_CODES:  # squeeze the gaps out, so that the product fits
            total = np.unique(total, return_inverse=True)[1]
            size = int(total.max(initial=0)) + 1
        total, size = total * count + codes, size * count
    if total is None:
        raise ValueError("columns must hold at least one column, got none")
    return total


def map_words(column: Column, change: Callable[[str], str]) -> pa.DictionaryArray:
    """The text column with ``change`` applied once to every word that occurs."""
    encoded = encode(column)
    indices = encoded.indices.to_numpy()
    used = np.flatnonzero(np.bincount(indices, minlength=len(encoded.dictionary)))
    words = [change(word) for word in encoded.dictionary.take(pa.array(used)).to_pylist()]
    place = {word: number for number, word in enumerate(dict.fromkeys(words))}
    lookup = np.zeros(len(encoded.dictionary), np.int32)
    lookup[used] = [place[word] for word in words]
    codes = pa.array(lookup[indices], pa.int32())
    return pa.DictionaryArray.from_arrays(codes, pa.array(place, pa.string()))


def compact(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """`drop_unused`, but a short list of words stays as it is."""
    return column if len(column.dictionary) <= _FEW_WORDS else drop_unused(column)


def drop_unused(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """The column without the words of rows that a filter or a slice has removed."""
    codes = column.indices.to_numpy()
    used = np.zeros(len(column.dictionary), bool)
    used[codes] = True
    if used.all():
        return column
    place = np.cumsum(used, dtype=np.int32) - 1
    words = column.dictionary.filter(pa.array(used))
    return pa.DictionaryArray.from_arrays(pa.array(place[codes]), words)

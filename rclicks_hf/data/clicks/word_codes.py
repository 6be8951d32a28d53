"""Text columns as codes into their few different words, so that work is done once a word.

A click table repeats some ten thousand names half a million times. Arrow's dictionary arrays keep
each name once; the functions here make them, join them and drop the words that are not used.
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
    """One dictionary array of a column of text.

    Args:
        column: Text, n values, encoded or not.

    Returns:
        (n,) the same text; no word stands in the dictionary twice.

    Example:
        >>> encode(pa.chunked_array([["b", "a"], ["b"]])).indices.to_pylist()
        [0, 1, 0]
    """
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
    """The table with its text as plain strings.

    Args:
        table: Any columns.

    Returns:
        The same rows and columns.

    Example:
        >>> decode_table(pa.table({"a": encode(pa.array(["x"])), "n": [1]})).schema.types
        [DataType(string), DataType(int64)]
    """
    columns = {
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pa.table(columns)


def codes_of(column: Column) -> np.ndarray:
    """Numbers that are equal where the values are.

    Args:
        column: Text or numbers, n values.

    Returns:
        (n,) int64, >= 0.

    Example:
        >>> codes_of(pa.array(["b", "a", "b"])).tolist(), codes_of(pa.array([7.5, 0.5])).tolist()
        ([0, 1, 0], [1, 0])
    """
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
    """Numbers that are equal where two rows agree in all of the columns.

    Args:
        columns: At least one, of n values each.

    Returns:
        (n,) int64, >= 0.

    Example:
        >>> row_codes([pa.array(["a", "a", "b"]), pa.array([1, 2, 1])]).tolist()
        [0, 1, 2]
    """
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
    """The column with every word changed, each once.

    Args:
        column: Text, n values.
        change: New word for a word; asked only for words that occur.

    Returns:
        (n,) the changed text.

    Example:
        >>> map_words(pa.array(["a", "B", "b"]), str.lower).to_pylist()
        ['a', 'b', 'b']
    """
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
    """The column without the words that it does not use; a short list of words stays as it is.

    Args:
        column: (n,) text, for example a slice of a longer column.

    Returns:
        (n,) the same text.

    Example:
        >>> words = pa.array([str(number) for number in range(100)])
        >>> compact(encode(words).slice(7, 1)).dictionary.to_pylist()
        ['7']
    """
    return column if len(column.dictionary) <= _FEW_WORDS else drop_unused(column)


def drop_unused(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """The column without the words that it does not use.

    Args:
        column: (n,) text; a filter or a slice leaves it with the words of rows that are gone.

    Returns:
        (n,) the same text.

    Example:
        >>> drop_unused(encode(pa.array(["a", "b"])).slice(1)).dictionary.to_pylist()
        ['b']
    """
    codes = column.indices.to_numpy()
    used = np.zeros(len(column.dictionary), bool)
    used[codes] = True
    if used.all():
        return column
    place = np.cumsum(used, dtype=np.int32) - 1
    words = column.dictionary.filter(pa.array(used))
    return pa.DictionaryArray.from_arrays(pa.array(place[codes]), words)

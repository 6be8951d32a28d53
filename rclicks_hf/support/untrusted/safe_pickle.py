"""Pickles read as data: containers, numbers and text are built, everything else stays inert.

Our own because `pickle.Unpickler` imports and calls what a file names, allocates what it claims,
and hashes keys of any depth. Here no opcode imports or calls anything but `build`'s functions.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any

_LARGEST = 16 << 20  # bytes of one pickle; those of the published networks have under 1 MiB
_MOST_STEPS = 1_000_000  # opcodes

# Opcodes whose argument is the value itself.
_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE"),
    *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": lambda: Inert("set"),
}
_PUT = {"PUT", "BINPUT", "LONG_BINPUT"}
_GET = {"GET", "BINGET", "LONG_BINGET"}
_WITHOUT_EFFECT = {"PROTO", "FRAME", "STOP"}


class Inert:
    """Something that a pickle names, or would have made, and that is not made here."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class _Global(Inert):
    """A name of a module that a pickle refers to."""

    __slots__ = ()


def read_pickle(
    stream: IO[bytes],
    build: Mapping[str, Callable[..., Any]],
    persistent: Callable[[Any], Any] = lambda found: Inert("persistent id"),
) -> Any:
    """The object that a pickle describes; the stream is left after it.

    Args:
        stream: Seekable, at the start of the pickle.
        build: ``"module.name"`` -> function of the arguments that makes the value of a call.
        persistent: Makes the value for a persistent id.

    Raises:
        ValueError: If the pickle is truncated, damaged or too large.

    Example:
        >>> import io, pathlib, pickle
        >>> read_pickle(io.BytesIO(pickle.dumps({"a": [1, (2.5, None)]})), {})
        {'a': [1, (2.5, None)]}
        >>> read_pickle(io.BytesIO(pickle.dumps(pathlib.PurePosixPath("a"))), {}).name
        'pathlib.PurePosixPath'
    """
    machine, start = _Machine(build, persistent), stream.tell()
    # Of bytes in memory, no read allocates more than there are.
    content = io.BytesIO(stream.read(_LARGEST))
    for step, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        if step >= _MOST_STEPS:
            raise ValueError(f"a pickle of more than {_MOST_STEPS:,} steps")
        try:
            machine.run(opcode.name, argument)
        except (IndexError, KeyError, TypeError) as error:
            raise ValueError(f"a damaged pickle at {opcode.name}") from error
    stream.seek(start + content.tell())
    return machine.stack[-1] if machine.stack else None


class _Machine:
    """The stack machine of pickle, of which no step imports anything."""

    def __init__(
        self, build: Mapping[str, Callable[..., Any]], persistent: Callable[[Any], Any]
    ) -> None:
        self.build, self.persistent = build, persistent
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # the stacks below each mark
        self.memo: dict[int, Any] = {}

    def run(self, opcode: str, argument: Any) -> None:
        if opcode in _VALUES:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in _EMPTY:
            self.stack.append(_EMPTY[opcode]())
        elif opcode in _PUT:
            self.memo[argument] = self.stack[-1]
        elif opcode in _GET:
            self.stack.append(self.memo[argument])
        elif opcode.startswith("EXT"):
            self.stack.append(Inert("a registered extension"))
        elif opcode not in _WITHOUT_EFFECT:
            step = getattr(self, f"_{opcode.lower()}", None)
            if step is None:
                raise ValueError(f"a pickle with {opcode}")
            step(argument)

    # --- the stack -------------------------------------------------------------------------------

    def _mark(self, _: Any) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.outer.pop()
        return items

    def _pop(self, _: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:  # as in pickle: a POP right after a mark takes the mark
            self._since_mark()

    def _pop_mark(self, _: Any) -> None:
        self._since_mark()

    def _dup(self, _: Any) -> None:
        self.stack.append(self.stack[-1])

    def _memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    # --- containers ------------------------------------------------------------------------------

    def _tuple(self, _: Any) -> None:
        items = self._since_mark()
        self.stack.append(tuple(items))

    def _tuple1(self, _: Any) -> None:
        self._tuple_of(1)

    def _tuple2(self, _: Any) -> None:
        self._tuple_of(2)

    def _tuple3(self, _: Any) -> None:
        self._tuple_of(3)

    def _tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def _list(self, _: Any) -> None:
        items = self._since_mark()
        self.stack.append(items)

    def _dict(self, _: Any) -> None:
        items = self._since_mark()
        self.stack.append({})
        self._set(items)

    def _frozenset(self, _: Any) -> None:
        self._since_mark()
        self.stack.append(Inert("frozenset"))

    def _additems(self, _: Any) -> None:
        self._since_mark()

    def _append(self, _: Any) -> None:
        self._extend([self.stack.pop()])

    def _appends(self, _: Any) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is list:
            self.stack[-1].extend(items)

    def _setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def _setitems(self, _: Any) -> None:
        self._set(self._since_mark())

    def _set(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is dict:
            for key, value in zip(items[::2], items[1::2], strict=True):
                # Other keys might take forever to hash: (t, t) of (t, t) of ...
                target[key if type(key) in (str, int) else Inert("key")] = value

    # --- what a pickle would import and call -----------------------------------------------------

    def _global(self, argument: str) -> None:
        self.stack.append(_Global(argument.replace(" ", ".", 1)))

    def _stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        is_text = type(name) is str and type(module) is str
        self.stack.append(_Global(f"{module}.{name}") if is_text else Inert("global"))

    def _reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        name = function.name if isinstance(function, Inert) else "call"
        known = isinstance(function, _Global) and name in self.build
        self.stack.append(self.build[name](*arguments) if known else Inert(name))

    def _newobj(self, _: Any) -> None:
        self._made_of(2)

    def _newobj_ex(self, _: Any) -> None:
        self._made_of(3)

    def _obj(self, _: Any) -> None:
        items = self._since_mark()
        self.stack += items[:1]
        self._made_of(1)

    def _inst(self, argument: str) -> None:
        self._since_mark()
        self.stack.append(Inert(argument.replace(" ", ".", 1)))

    def _made_of(self, count: int) -> None:
        """Replace a class and its arguments by what is not made of them."""
        made = self.stack[-count]
        self.stack[-count:] = [Inert(made.name if isinstance(made, Inert) else "object")]

    def _build(self, _: Any) -> None:
        self.stack.pop()  # the state is given to nothing

    def _persid(self, argument: str) -> None:
        self.stack.append(self.persistent(argument))

    def _binpersid(self, _: Any) -> None:
        self.stack.append(self.persistent(self.stack.pop()))

"""Frozen dataclasses whose methods are written when they are first called. Knows no fact.

The decorator of the standard library compiles six methods of each class with it, half a millisecond of every start for
each of the classes here, most of which a process never makes an instance of. To a type checker it is the same one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from inspect import Signature, signature
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

__all__ = ["record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record

T = TypeVar("T")


class _Factory:
    """Default of a parameter whose field has a factory; signatures show it as the standard library's do."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY: Final = _Factory()


def _record(
    *, frozen: bool, slots: bool = False, kw_only: bool = False, repr: bool = True
) -> Callable[[type[T]], type[T]]:
    """Make a class a frozen dataclass, as `dataclasses.dataclass` does, with `__init__` compiled at its first call.

    `replace`, `fields`, pickling, copying and inheritance work as there. Fields without `init` are not supported.
    """
    assert frozen, "a record that can be changed is a dataclass of the standard library"

    def decorate(cls: type[T]) -> type[T]:
        own = set(vars(cls))
        result = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
        fields = dataclasses.fields(result)  # type: ignore[arg-type]
        methods = _methods(result, fields) | ({"__repr__": _repr} if repr else {})
        for name, method in methods.items():
            if name not in own:
                setattr(result, name, method)
        return result

    return decorate


if not TYPE_CHECKING:
    record = _record


def _methods(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> dict[str, Any]:
    values = _values_of([field.name for field in fields if field.compare])

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        _compiled_init(cls)(self, *args, **kwargs)

    def equals(self: object, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: object) -> int:
        return hash(values(self))

    return {
        "__init__": init,
        "__eq__": equals,
        "__hash__": hashed,
        "__setattr__": _refuse_assignment,
        "__delattr__": _refuse_deletion,
        "__getstate__": _state,
        "__setstate__": _set_state,
        "__signature__": _LazySignature(),
    }


def _values_of(names: list[str]) -> Callable[[Any], Any]:
    """Return a function that reads attributes of an object; several as a tuple."""
    return attrgetter(*names) if names else lambda self: ()


def _compiled_init(cls: Any) -> Callable[..., None]:
    """Compile `__init__` of a record, and put it into the place of the one that asked for it."""
    scope: dict[str, Any] = {"_set": object.__setattr__, "_FACTORY": _FACTORY}
    lines, positional, keyword = list[str](), ["self"], list[str]()
    for field in dataclasses.fields(cls):
        name, parameter, value = field.name, field.name, field.name
        if field.default is not dataclasses.MISSING:
            parameter, scope[f"_default_{name}"] = f"{name}=_default_{name}", field.default
        elif field.default_factory is not dataclasses.MISSING:
            parameter, scope[f"_factory_{name}"] = f"{name}=_FACTORY", field.default_factory
            value = f"_factory_{name}() if {name} is _FACTORY else {name}"
        (keyword if field.kw_only else positional).append(parameter)
        lines.append(f"_set(self, {name!r}, {value})")
    lines += ["self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    parameters = ", ".join([*positional, *(["*", *keyword] if keyword else [])])
    exec(f"def __init__({parameters}):\n    " + "\n    ".join(lines or ["pass"]), scope)  # noqa: S102 - as dataclasses do
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {field.name: field.type for field in dataclasses.fields(cls)} | {"return": None}
    cls.__init__ = init
    return init


class _LazySignature:
    """`__signature__` of a class: that of its `__init__`, which is compiled for it."""

    def __get__(self, instance: object, cls: Any) -> Signature:
        owner = next(base for base in cls.__mro__ if "__init__" in vars(base))
        is_compiled = owner.__init__.__qualname__ == f"{owner.__qualname__}.__init__"
        whole = signature(owner.__init__ if is_compiled else _compiled_init(owner))
        return whole.replace(parameters=list(whole.parameters.values())[1:])


def _repr(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse_assignment(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, values: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), values, strict=True):
        object.__setattr__(self, field.name, value)

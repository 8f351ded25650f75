"""`dataclass` for the frozen records of the packages, made three times as fast. Knows no record.

The standard library compiles up to six methods for each class. There are a hundred such classes, and to compile their
methods took half of the time in which a command or a server starts. Here `__init__` is compiled at its first call, and
the other methods are shared. Everything else, and every class that is not frozen and slotted, is the standard one's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses

    def dataclass(cls=None, **options):
        """Make a class a dataclass; options are those of `dataclasses.dataclass`."""
        if options.keys() - {"kw_only"} != {"frozen", "slots"} or not (options["frozen"] and options["slots"]):
            return dataclasses.dataclass(cls, **options)
        make = lambda cls: _record(cls, options.get("kw_only", False))  # noqa: E731
        return make if cls is None else make(cls)

    def _record(cls, kw_only):
        own = {name for name in _SHARED if name in cls.__dict__} | {"__init__"} & cls.__dict__.keys()
        if cls.__doc__ is None:
            cls.__doc__ = cls.__name__  # else dataclasses writes the signature there, for which it compiles __init__
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
        for name, method in _SHARED.items():
            if name not in own:
                setattr(cls, name, method)
        names = tuple(field.name for field in fields(cls) if field.compare)
        cls.__values__ = staticmethod(attrgetter(*names)) if names else staticmethod(lambda record: ())
        if "__init__" not in own:
            cls.__init__ = _Initializer(cls)
        return cls


class _Factory:
    """Default of a parameter whose field has a factory, with the name that the standard library gives it."""

    def __repr__(self) -> str:
        return "<factory>"


class _Initializer:
    """Stands for `__init__` of a class until it is first looked up, and compiles it then."""

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __get__(self, instance: object | None, owner: type) -> Any:
        function = self._cls.__dict__["__init__"]
        if function is self:
            function = _compile_initializer(self._cls)
            setattr(self._cls, "__init__", function)  # noqa: B010 - mypy allows no assignment to a method
        return function.__get__(instance, owner)


def _compile_initializer(cls: Any) -> Callable[..., None]:
    of_class: tuple[Field[Any], ...] = fields(cls)
    names: dict[str, Any] = {"_set": object.__setattr__, "_missing": _Factory()}
    parameters = [_parameter(field, names) for field in of_class if field.init and not field.kw_only]
    keywords = [_parameter(field, names) for field in of_class if field.init and field.kw_only]
    lines = [_statement(field, names) for field in of_class]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    head = ", ".join(["self", *parameters, *(["*", *keywords] if keywords else [])])
    body = "\n ".join(lines or ["pass"])
    exec(f"def __init__({head}):\n {body}", names)  # noqa: S102 - as dataclasses does; of names of fields alone
    function: Callable[..., None] = names["__init__"]
    function.__qualname__, function.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    function.__annotations__ = {field.name: field.type for field in of_class if field.init} | {"return": None}
    return function


def _parameter(field: Field[Any], names: dict[str, Any]) -> str:
    if field.default is not MISSING:
        names[f"_default_{field.name}"] = field.default
        return f"{field.name}=_default_{field.name}"
    return f"{field.name}=_missing" if field.default_factory is not MISSING else field.name


def _statement(field: Field[Any], names: dict[str, Any]) -> str:
    value = field.name
    if field.default_factory is not MISSING:
        names[f"_make_{field.name}"] = field.default_factory
        value = f"_make_{field.name}()" + (f" if {field.name} is _missing else {field.name}" if field.init else "")
    elif not field.init:
        names[f"_default_{field.name}"] = field.default
        value = f"_default_{field.name}"
    return f'_set(self, "{field.name}", {value})'


def _repr(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{type(self).__qualname__}({shown})"


def _eq(self: Any, other: Any) -> Any:
    return self.__values__(self) == self.__values__(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(self.__values__(self))


def _setattr(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for field, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_SHARED: dict[str, Any] = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__getstate__": _getstate,
    "__setstate__": _setstate,
}

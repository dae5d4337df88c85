"""Objects of the user's classes: made, read, written and deleted as Python does it.

An object is a slot of the abstract heap that holds its attributes. A name is looked up along the classes of the object, data
descriptors (properties, slots) first, then among the attributes of the object, then among other members of its classes, then by
`__getattr__`. A method is a function bound to the object; what `dataclasses` generates has no source and is done here.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import itertools
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ...rules import registry
from ...structure import has_slots, is_plain
from ..execution.values import (
    NONE,
    Bound,
    Closure,
    DictV,
    Entries,
    Items,
    ListV,
    Method,
    Object,
    Partial,
    Ref,
    Select,
    Static,
    Super,
    TupleV,
    Value,
)
from ..looping import unbound
from ..source import MISSING, Place

if TYPE_CHECKING:
    from ..calling.calls import Calls

Args = tuple[Value, ...]
Keywords = dict[str, Value]

_NAMESPACES: weakref.WeakKeyDictionary[type, Any] = weakref.WeakKeyDictionary()  # a class's own attributes, as one and the same object
_SLOT_WRAPPERS = (types.WrapperDescriptorType, types.MethodDescriptorType, types.BuiltinFunctionType)


class Inner:
    """A member of a class that is defined inside the differentiated function: its abstract value, and the name."""

    def __init__(self, value: Value, name: str = "") -> None:
        self.value = value
        self.name = self.__name__ = name

    def __call__(self) -> NoReturn:  # `property` and `cached_property` want something that can be called
        raise TypeError(self.name)


def namespace(cls: type) -> Any:
    """The members of a class itself, as one and the same mapping."""
    return _NAMESPACES.setdefault(cls, vars(cls))


_OF_CLASSES = frozenset(  # members that every class has
    ("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__"))


def raw(cls: type, name: str, after: type | None = None) -> tuple[Any, type]:
    """A member as it stands in the first class along the MRO that has it (`after`: behind this class), and that class."""
    mro = cls.__mro__
    for home in mro if after is None else mro[mro.index(after) + 1:]:
        if home.__module__.startswith("scipy.") and name not in _OF_CLASSES and (stand_in := registry.stands_for(home)) is not None:
            for other in stand_in.__mro__[:-1]:
                if name in vars(other):
                    return vars(other)[name], other
        if name in vars(home):
            return vars(home)[name], home
    return MISSING, object


def is_data_descriptor(member: Any) -> bool:
    return hasattr(type(member), "__set__") or hasattr(type(member), "__delete__")


def has_dict(cls: type) -> bool:
    return any("__dict__" in vars(c) for c in cls.__mro__)


def fresh(m: Calls, cls: type) -> Object:
    """A new object without attributes."""
    if raw(cls, "__del__")[0] is not MISSING:
        m.refuse(f"an object of class `{cls.__name__}` is made, which has `__del__`", "when an object is deleted is not known to the compiler",
                 "use `with`, or call a method")
    return Object(m.new(Entries((), (), cls)), cls)


def entries(m: Calls, owner: Object) -> Entries:
    contents = m.state.heap[owner.slot]
    assert isinstance(contents, Entries)
    return contents


def raised(m: Calls, error: type, text: str) -> NoReturn:
    """The program raises this here."""
    m.fail(error, Static(text))


# -- reading -------------------------------------------------------------------------------------------------------


def get(m: Calls, owner: Object, name: str) -> Value:
    """`owner.name`."""
    value = find(m, owner, name)
    if value is None:
        raised(m, AttributeError, f"{owner.cls.__name__!r} object has no attribute {name!r}")
    return value


def find(m: Calls, owner: Object, name: str) -> Value | None:
    """`owner.name`; None where Python raises AttributeError."""
    cls = owner.cls
    getter, home = raw(cls, "__getattribute__")
    if not isinstance(getter, types.WrapperDescriptorType):
        m.refuse(f"`{home.__name__}` defines `__getattribute__`", "every attribute is looked up by it", "define `__getattr__`, or plain attributes")
    value = find_plainly(m, owner, name)
    if value is not None:
        return value
    hook, home = raw(cls, "__getattr__")
    return None if hook is MISSING else m.call(bound(m, hook, home, "__getattr__", owner, cls), (Static(name),), {})


def find_plainly(m: Calls, owner: Object, name: str) -> Value | None:
    """`object.__getattribute__(owner, name)`; None where it raises AttributeError."""
    cls = owner.cls
    member, home = raw(cls, name)
    if name == "__class__" and home is object:
        return Static(cls)
    if name == "__dict__" and isinstance(member, (types.GetSetDescriptorType, types.MemberDescriptorType)):
        return dictionary(m, owner)
    if isinstance(member, types.MemberDescriptorType) or (isinstance(member, types.GetSetDescriptorType) and name in entries(m, owner).keys):
        return own(m, owner, name, home)  # a slot, or the `args` of an exception
    if member is not MISSING and is_data_descriptor(member):
        return bound(m, member, home, name, owner, cls)
    value = own(m, owner, name, home if member is not MISSING else None)
    if value is not None:
        return value
    return None if member is MISSING else bound(m, member, home, name, owner, cls)


def own(m: Calls, owner: Object, name: str, home: type | None) -> Value | None:
    """What the object itself holds under a name. `home`: the class that has a member of this name, too."""
    held = entries(m, owner)
    if name not in held.keys:
        return m.outside_attribute(owner, name)
    value = held.get(name)
    if name in held.unsure:
        if (home is not None and not isinstance(vars(home)[name], types.MemberDescriptorType)) or raw(owner.cls, "__getattr__")[0] is not MISSING:
            m.refuse(f"the attribute `{name}` is set on some paths only", "on the others, the class has another value for it",
                     "set it on every path, for example in `__init__`")
        check_set(m, owner, name)
    return value


def check_set(m: Calls, owner: Object, name: str) -> None:
    """Raise AttributeError where an attribute that is set on some paths only is not set."""
    flag = entries(m, owner).unsure.get(name)
    if flag is not None:
        unbound.demand(m, m.wrap(flag), lambda: raised(m, AttributeError, f"{owner.cls.__name__!r} object has no attribute {name!r}"))


def dictionary(m: Calls, owner: Object) -> Value:
    """`owner.__dict__`: the same memory as the object's."""
    if has_slots(owner.cls):
        m.refuse("`__dict__` of an object with `__slots__`", "it holds only some of its attributes", "name the attributes")
    m.all_attributes(owner)
    if entries(m, owner).unsure:
        m.refuse("`__dict__` of an object with an attribute that is set on some paths only", "which attributes it has is only known when the program runs",
                 "set all attributes on every path, for example in `__init__`")
    return DictV(owner.slot)


def bound(m: Calls, member: Any, home: type, name: str, owner: Value | None, cls: type) -> Value:
    """A class's member as it is read on an object (or on the class itself: `owner` is None)."""
    from ..calling import transforms

    if isinstance(member, Inner):
        if isinstance(member.value, Partial) and transforms.is_derived(member.value) and owner is not None:
            return transforms.method(member.value, owner)
        return Bound(member.value, owner) if isinstance(member.value, Closure) and owner is not None else member.value
    if isinstance(member, types.FunctionType):
        watch(m, home, name, member)
        return Static(member) if owner is None else Bound(Static(member), owner)
    if isinstance(member, staticmethod):
        watch(m, home, name, member)
        return function(member.__func__)
    if isinstance(member, classmethod):
        watch(m, home, name, member)
        return Bound(function(member.__func__), Static(cls))
    if hasattr(type(member), "primal") and hasattr(member, "source_for"):
        watch(m, home, name, member)
        return Static(member) if owner is None else transforms.method(transforms.of_transformed(member), owner)
    if isinstance(member, (type, functools.partial, np.ufunc, types.BuiltinFunctionType)):
        watch(m, home, name, member)
        return Static(member)
    if isinstance(member, _SLOT_WRAPPERS):  # a method of `object`
        return Static(member) if owner is None else Bound(Static(member), owner)
    if owner is None:
        getter = raw(type(member), "__get__")[0]
        return m.call(Static(getter), (Static(member), NONE, Static(cls)), {}) if isinstance(getter, types.FunctionType) and not isinstance(
            member, (property, functools.cached_property)) else m.class_data(home, name, member)
    if isinstance(member, property):
        watch(m, home, name, member)
        if member.fget is None:
            raised(m, AttributeError, f"property {name!r} of {cls.__name__!r} object has no getter")
        return m.call(function(member.fget), (owner,), {})
    if isinstance(member, functools.cached_property):
        watch(m, home, name, member)
        value = m.call(function(member.func), (owner,), {})
        assert isinstance(owner, Object)
        store(m, owner, member.attrname or name, value)
        return value
    if isinstance(member, functools.partialmethod):
        watch(m, home, name, member)
        given = tuple((key, m.constant_object(held, key)) for key, held in member.keywords.items())
        return Partial(function(member.func), (owner, *(m.constant_object(held, name) for held in member.args)), given)
    if isinstance(member, functools.singledispatchmethod):  # which function it is, is known when it is called
        watch(m, home, name, member)
        return Method(owner, name)
    getter = raw(type(member), "__get__")[0]
    if isinstance(getter, types.FunctionType):
        watch(m, home, name, member)
        return m.call(Static(getter), (m.constant_object(member, name), owner, Static(cls)), {})
    if getter is not MISSING:
        m.refuse(f"`{name}` of `{home.__name__}` is a {type(member).__name__}", "this kind of descriptor is not known to the compiler",
                 "use a method or a property")
    return m.class_data(home, name, member)


def function(f: Any) -> Value:
    """A function that a property or a static method holds."""
    return f.value if isinstance(f, Inner) else Static(f)


def watch(m: Calls, home: type, name: str, member: Any) -> None:
    """The compiled program serves only calls in which the class has this member."""
    if not m.is_local(home) and home.__module__.partition(".")[0] not in ("builtins", "numpy"):
        m.guard(Place(namespace(home), name), member)


def of_super(m: Calls, owner: Super, name: str) -> Value:
    """`super().name`."""
    target = owner.owner
    cls: Any = target.value if isinstance(target, Static) else target.cls  # type: ignore[union-attr]
    member, home = raw(cls, name, owner.start)
    if member is MISSING:
        raised(m, AttributeError, f"'super' object has no attribute {name!r}")
    if isinstance(member, staticmethod) and name == "__new__":
        return function(member.__func__)
    on_class = isinstance(target, Static)
    return bound(m, member, home, name, None if on_class else target, cls)


def special(m: Calls, owner: Value, name: str) -> Value | None:
    """A special method, bound, as an operator finds it: on the class alone. None if there is none but that of `object`."""
    cls = owner.cls if isinstance(owner, (Object, TupleV)) else None
    if cls is None:
        return None
    member, home = raw(cls, name)
    if member is MISSING or member is None or home is object or home is tuple:
        return None
    return bound(m, member, home, name, owner, cls)


# -- writing and deleting --------------------------------------------------------------------------------------------


def put(m: Calls, owner: Object, name: str, value: Value) -> None:
    """`owner.name = value`."""
    setter, home = raw(owner.cls, "__setattr__")
    if isinstance(setter, types.WrapperDescriptorType):
        put_plainly(m, owner, name, value)
    elif is_generated(setter, home):
        raised(m, dataclasses.FrozenInstanceError, f"cannot assign to field {name!r}")
    else:
        m.call(bound(m, setter, home, "__setattr__", owner, owner.cls), (Static(name), value), {})


def put_plainly(m: Calls, owner: Object, name: str, value: Value) -> None:
    """`object.__setattr__(owner, name, value)`."""
    cls = owner.cls
    member, home = raw(cls, name)
    if name in ("__class__", "__dict__"):
        m.refuse(f"`{name}` of an object is assigned", "it becomes another kind of object", "make a new object")
    if isinstance(member, property):
        watch(m, home, name, member)
        if member.fset is None:
            raised(m, AttributeError, f"property {name!r} of {cls.__name__!r} object has no setter")
        m.call(function(member.fset), (owner, value), {})
    elif isinstance(member, types.MemberDescriptorType) or (isinstance(member, types.GetSetDescriptorType) and name in entries(m, owner).keys):
        store(m, owner, name, value)
    elif member is not MISSING and is_data_descriptor(member):
        setter = raw(type(member), "__set__")[0]
        if not isinstance(setter, types.FunctionType):
            m.refuse(f"`{name}` of `{home.__name__}` is a {type(member).__name__}", "this kind of descriptor is not known to the compiler",
                     "use a property")
        watch(m, home, name, member)
        m.call(Static(setter), (m.constant_object(member, name), owner, value), {})
    elif not has_dict(cls):
        raised(m, AttributeError, f"{cls.__name__!r} object has no attribute {name!r}")
    else:
        store(m, owner, name, value)


def store(m: Calls, owner: Object, name: str, value: Value) -> None:
    """Set an attribute of the object itself."""
    m.before_attribute(owner, name)
    m.change(owner.slot, entries(m, owner).put(name, value))
    m.name(value, name)


def delete(m: Calls, owner: Object, name: str) -> None:
    """`del owner.name`."""
    deleter, home = raw(owner.cls, "__delattr__")
    if isinstance(deleter, types.WrapperDescriptorType):
        delete_plainly(m, owner, name)
    elif is_generated(deleter, home):
        raised(m, dataclasses.FrozenInstanceError, f"cannot delete field {name!r}")
    else:
        m.call(bound(m, deleter, home, "__delattr__", owner, owner.cls), (Static(name),), {})


def delete_plainly(m: Calls, owner: Object, name: str) -> None:
    """`object.__delattr__(owner, name)`."""
    member, home = raw(owner.cls, name)
    if isinstance(member, property):
        watch(m, home, name, member)
        if member.fdel is None:
            raised(m, AttributeError, f"property {name!r} of {owner.cls.__name__!r} object has no deleter")
        m.call(function(member.fdel), (owner,), {})
        return
    if member is not MISSING and is_data_descriptor(member) and not isinstance(member, types.MemberDescriptorType):
        m.refuse(f"`{name}` is deleted, and is a {type(member).__name__}", "this kind of descriptor is not known to the compiler", "use a property")
    m.before_attribute(owner, name)
    held = entries(m, owner)
    if name not in held.keys:
        raised(m, AttributeError, f"{owner.cls.__name__!r} object has no attribute {name!r}")
    check_set(m, owner, name)
    m.change(owner.slot, held.drop(name))


# -- making -------------------------------------------------------------------------------------------------------


def construct(m: Calls, cls: type, args: Args, keywords: Keywords) -> Value:
    """`cls(*args, **keywords)` of a class whose `__new__` is that of `object`, or is written in Python."""
    if issubclass(cls, enum.Enum) and cls._member_names_ and len(args) == 1 and not keywords:
        value = m.static(args[0], "the value of an enumeration")
        try:
            return Static(cls(value))
        except ValueError as error:
            raised(m, ValueError, str(error))
    if raw(type(cls), "__call__")[1] is not type:
        m.refuse(f"an object of class `{cls.__name__}` is made", f"its metaclass, `{type(cls).__name__}`, makes it in its own way", "make it outside")
    if getattr(cls, "__abstractmethods__", None):
        raised(m, TypeError, f"Can't instantiate abstract class {cls.__name__}")
    if cls is types.SimpleNamespace and not args:
        return Object(m.new(Entries(tuple(keywords), tuple(keywords.values()), cls)), cls)
    new, home = raw(cls, "__new__")
    init, init_home = raw(cls, "__init__")
    if new is not object.__new__:
        maker = new.__func__ if isinstance(new, staticmethod) else new
        if not isinstance(maker, (types.FunctionType, Inner)):
            if cls.__module__.partition(".")[0] in sys.stdlib_module_names:  # io.StringIO, datetime.date, threading.Lock
                return m.perform(Static(cls), args, keywords)
            m.refuse(f"an object of class `{cls.__name__}` is made", f"`{home.__name__}` is written in C", "make it outside, or use another class")
        watch(m, home, "__new__", new)
        made = m.call(function(maker), (Static(cls), *args), keywords)
        if not isinstance(made, Object) or not issubclass(made.cls, cls):
            return made
    else:
        reject_foreign(m, cls)
        made = fresh(m, cls)
        if init is object.__init__ and (args or keywords):
            raised(m, TypeError, f"{cls.__name__}() takes no arguments")
    if init is not object.__init__:
        m.call(bound(m, init, init_home, "__init__", made, cls), args, keywords)
    return made


def reject_foreign(m: Calls, cls: type) -> None:
    if cls is not object and not is_plain(cls):
        foreign = next((c.__name__ for c in cls.__mro__[:-1] if not is_plain(c)), type(cls).__name__)
        m.refuse(f"an object of class `{cls.__name__}` is made", f"it is a kind of `{foreign}`, which is not made of attributes alone",
                 "keep what it holds in an attribute, or use a dataclass, a named tuple or a plain class")


def of_object(m: Calls, f: Any, args: Args, keywords: Keywords) -> Value | None:
    """A call of a method of `object`, or of one that `dataclasses` or `namedtuple` generated. None if it is not one."""
    if f is object.__new__:
        assert isinstance(args[0], Static)
        reject_foreign(m, args[0].value)
        return fresh(m, args[0].value)
    owner = args[0] if args else None
    if isinstance(owner, Static) and isinstance(owner.value, type) and hasattr(owner.value, "_fields") and getattr(f, "__name__", "") == "__new__" \
            and f is not object.__new__ and isinstance(f, types.FunctionType) and f.__code__.co_filename.startswith("<"):
        return named_tuple(m, owner.value, args[1:], keywords)
    if isinstance(f, types.FunctionType) and isinstance(owner, Object) and f.__code__.co_filename == "<string>":
        home = next((c for c in owner.cls.__mro__ if vars(c).get(f.__name__) is f), None)
        if home is not None and is_generated(f, home):
            return generated(m, f.__name__, home, owner, args[1:], keywords)
    if isinstance(f, types.WrapperDescriptorType) and f.__name__ == "__init__" and isinstance(owner, Object) and issubclass(f.__objclass__, BaseException):
        store(m, owner, "args", TupleV(args[1:]))
        return NONE
    if not isinstance(f, (types.WrapperDescriptorType, types.MethodDescriptorType)) or f.__objclass__ is not object or not isinstance(owner, Object):
        return None
    name = f.__name__
    if name == "__init__" or name == "__init_subclass__":
        return NONE
    if name in ("__setattr__", "__getattribute__", "__delattr__"):
        attribute = m.static(args[1], "an attribute's name")
        if name == "__setattr__":
            put_plainly(m, owner, attribute, args[2])
        elif name == "__delattr__":
            delete_plainly(m, owner, attribute)
        else:
            value = find_plainly(m, owner, attribute)
            return value if value is not None else raised(m, AttributeError, f"{owner.cls.__name__!r} object has no attribute {attribute!r}")
        return NONE
    if name == "__eq__":
        same = m.same_object(owner, args[1])
        return Static(True) if same else Static(NotImplemented) if same is False else None
    return None


def named_tuple(m: Calls, cls: Any, args: Args, keywords: Keywords) -> Value:
    """A named tuple out of its fields."""
    given = dict(zip(cls._fields, args)) | keywords
    defaults = cls._field_defaults
    if len(args) > len(cls._fields) or any(k not in cls._fields for k in given) or any(f not in given and f not in defaults for f in cls._fields):
        raised(m, TypeError, f"{cls.__name__}() is not given its fields {', '.join(cls._fields)}")
    return TupleV(tuple(given[f] if f in given else m.constant_object(defaults[f], f) for f in cls._fields), cls)


# -- dataclasses ---------------------------------------------------------------------------------------------------


def is_generated(member: Any, home: type) -> bool:
    """Whether `dataclasses` wrote this method of a class."""
    return isinstance(member, types.FunctionType) and "__dataclass_params__" in vars(home) and member.__code__.co_filename == "<string>"


def generated(m: Calls, name: str, home: Any, owner: Object, args: Args, keywords: Keywords) -> Value:
    """A method that `dataclasses` wrote."""
    if name == "__init__":
        return initialise(m, home, owner, args, keywords)
    if name in ("__eq__", "__lt__", "__le__", "__gt__", "__ge__"):
        (other,) = args
        if not isinstance(other, Object) or other.cls is not owner.cls:
            return Static(NotImplemented)
        mine, theirs = (TupleV(tuple(get(m, o, f.name) for f in dataclasses.fields(home) if f.compare)) for o in (owner, other))
        if name == "__eq__":
            return m.compare("==", mine, theirs)
        return m.compare({"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}[name], mine, theirs)
    if name in ("__setattr__", "__delattr__"):
        raised(m, dataclasses.FrozenInstanceError, f"cannot assign to field {m.static(args[0], 'an attribute')!r}")
    m.refuse(f"`{name}` of the dataclass `{home.__name__}` is called", "what `dataclasses` generates has no source", "write the method")


def initialise(m: Calls, home: Any, owner: Object, args: Args, keywords: Keywords) -> Value:
    """The `__init__` of a dataclass."""
    every: dict[str, Any] = home.__dataclass_fields__
    kinds = {name: f._field_type.name for name, f in every.items()}  # "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR"
    members = [f for name, f in every.items() if kinds[name] != "_FIELD_CLASSVAR"]
    parameters = [f.name for f in members if f.init]
    positional = [f.name for f in members if f.init and not getattr(f, "kw_only", False)]
    given = dict(zip(positional, args))
    if len(args) > len(positional) or any(k in given or k not in parameters for k in keywords):
        raised(m, TypeError, f"{home.__name__}.__init__() is not given its fields {', '.join(parameters)}")
    given |= keywords
    missing = [f.name for f in members if f.init and f.name not in given and f.default is f.default_factory is dataclasses.MISSING]
    if missing:
        raised(m, TypeError, f"{home.__name__}.__init__() missing required arguments: {', '.join(missing)}")
    frozen = home.__dataclass_params__.frozen
    passed: list[Value] = []  # to __post_init__
    for f in members:
        if f.name in given:
            value = given[f.name]
        elif f.default_factory is not dataclasses.MISSING:
            value = m.call(function(f.default_factory), (), {})
        elif f.default is dataclasses.MISSING:
            continue
        elif not f.init and not isinstance(raw(home, f.name)[0], types.MemberDescriptorType):
            continue  # the class holds the default value
        else:
            value = f.default.value if isinstance(f.default, Inner) else m.constant_object(f.default, f.name)
        if kinds[f.name] == "_FIELD_INITVAR":
            passed.append(value)
        elif frozen:
            put_plainly(m, owner, f.name, value)
        else:
            put(m, owner, f.name, value)
    if hasattr(home, "__post_init__"):
        m.call(get(m, owner, "__post_init__"), tuple(passed), {})
    return NONE


def as_data(m: Calls, value: Value, as_dict: bool) -> Value:
    """`asdict` or `astuple`: dataclass objects become dictionaries (tuples), everything else is copied."""
    if isinstance(value, Object) and dataclasses.is_dataclass(value.cls):
        names = [f.name for f in dataclasses.fields(value.cls)]
        parts = tuple(as_data(m, get(m, value, name), as_dict) for name in names)
        return DictV(m.new(Entries(tuple(names), parts))) if as_dict else TupleV(parts)
    if isinstance(value, TupleV):
        return TupleV(tuple(as_data(m, item, as_dict) for item in value.items), value.cls)
    if isinstance(value, ListV) and isinstance(contents := m.state.heap[value.slot], Items):
        return ListV(m.new(Items(tuple(as_data(m, item, as_dict) for item in contents.items))))
    if isinstance(value, DictV):
        held = m.state.heap[value.slot]
        assert isinstance(held, Entries)
        return DictV(m.new(held.holding(tuple(as_data(m, item, as_dict) for item in held.values))))
    return copied(m, value, {})


def copied(m: Calls, value: Value, memo: dict[int, Value]) -> Value:
    """`copy.deepcopy(value)`."""
    if isinstance(value, Object):
        _copies_plainly(m, value)
        if value.slot in memo:
            return memo[value.slot]
        m.all_attributes(value)
        held = entries(m, value)
        made = memo[value.slot] = Object(m.new(Entries((), (), value.cls)), value.cls)
        parts = tuple(copied(m, item, memo) for item in held.values)
        m.state.heap[made.slot] = held.holding(parts)
        return made
    if isinstance(value, TupleV):
        return TupleV(tuple(copied(m, item, memo) for item in value.items), value.cls)
    if isinstance(value, (ListV, DictV)):
        if value.slot in memo:
            return memo[value.slot]
        contents = m.state.heap[value.slot]
        if isinstance(contents, (Items, Entries)):
            new = memo[value.slot] = type(value)(m.new(contents))
            m.state.heap[new.slot] = Items(tuple(copied(m, i, memo) for i in contents.items)) if isinstance(contents, Items) else (
                contents.holding(tuple(copied(m, i, memo) for i in contents.values)))
            return new
    if m.is_number(value):
        if not isinstance(value, Ref):
            return m.number_method(value, "copy", (), {}) if isinstance(value, Select) else value
        if value.path:
            m.refuse("a view of an array is copied deeply", "whether two views are one object is not known to the compiler", "copy the arrays yourself")
        if value.slot not in memo:
            memo[value.slot] = m.number_method(value, "copy", (), {})
        return memo[value.slot]
    return value


def _copies_plainly(m: Calls, value: Object) -> None:
    hooks = ("__copy__", "__deepcopy__", "__reduce_ex__", "__reduce__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__")
    hook = next((h for h in hooks if raw(value.cls, h)[0] is not MISSING and raw(value.cls, h)[1] is not object), None)
    if hook is not None and not (dataclasses.is_dataclass(value.cls) and hook in ("__getstate__", "__setstate__")):
        m.refuse(f"an object is copied whose class defines `{hook}`", "it says itself how it is copied", "make the new object yourself")


def shallow(m: Calls, value: Value) -> Value:
    """`copy.copy(value)`."""
    if isinstance(value, Object):
        _copies_plainly(m, value)
        m.all_attributes(value)
        return Object(m.new(entries(m, value)), value.cls)
    if isinstance(value, (ListV, DictV)) and isinstance(contents := m.state.heap[value.slot], (Items, Entries)):
        return type(value)(m.new(contents))
    if isinstance(value, TupleV):
        return value
    if m.is_number(value):
        return m.number_method(value, "copy", (), {}) if hasattr(value, "slot") else value
    if isinstance(value, Static):
        return value
    m.refuse("this value is copied", "how it is copied is not known to the compiler", "copy it yourself")


# -- names inside classes --------------------------------------------------------------------------------------------


def mangled(m: Calls, name: str) -> str:
    """A private name `__x` as it is called inside a class: `_Class__x`."""
    if not name.startswith("__") or name.endswith("__"):
        return name
    local = m.local_class()
    title = local.__name__ if local is not None else _class_around(m.infos[m.current].source.function.__qualname__)
    return name if title is None or not title.strip("_") else f"_{title.lstrip('_')}{name}"


def _class_around(qualname: str) -> str | None:
    """The innermost class in which a function stands, by its qualified name: those that `<locals>` does not follow."""
    parts = qualname.split(".")
    found = [part for part, following in itertools.pairwise(parts) if part != "<locals>" and following != "<locals>"]
    return found[-1] if found else None


def super_of(m: Calls, args: Args) -> Value:
    """`super()` or `super(cls, owner)`."""
    if len(args) == 1:
        m.refuse("`super` with one argument", "it is bound to an object later", "write `super()`")
    if args:
        start, owner = m.static(args[0], "the class"), args[1]
    else:
        number = m.current
        while m.infos[number].comprehension:
            parent = m.infos[number].parent
            assert parent is not None
            number = parent
        info = m.infos[number]
        local = m.local_class()
        cell = info.source.cells.get("__class__")
        if local is None and cell is None:
            m.refuse("`super()` outside of a class", "Python raises RuntimeError here", "write `super(Class, self)`")
        start = local if local is not None else cell.cell_contents
        owner = m.state.frames[number][m.first_parameter(number)]
    if isinstance(owner, Object) or (isinstance(owner, Static) and isinstance(owner.value, type)) or (isinstance(owner, TupleV) and owner.cls):
        return Super(start, owner)
    m.refuse("`super()` of something that is not an object", "its classes are not known to the compiler", "call the method of the class by its name")


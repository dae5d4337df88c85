"""`match`: each case is a test, known from the types or left to the program, and names that are bound where it holds.

    match shape:                          if r > 1:
        case Circle(r) if r > 1:              y = r * r
            y = r * r            ->       else:
        case Circle(r):                       y = r
            y = r
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ..execution.exits import End
from ..execution.places import Leaf
from ..execution.values import DictV, Entries, Items, ListV, Object, Range, Select, Static, TupleV, Value
from .contexts import Contexts

Thunk = Callable[[], Value]
_OF_THEMSELVES = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)  # `case float(v)`: v is the subject


class Patterns(Contexts):
    """Executes `match`."""

    def match_statement(self, stmt: ast.Match, rest: list[Any]) -> End | None:
        subject = self.eval(stmt.subject)
        return self.through(lambda: self.subject_matched(stmt.cases, subject), rest)

    def through(self, execute: Callable[[], End], rest: list[Any]) -> End | None:
        """A statement whose blocks may be left in any way, and what follows it."""
        loop = self.loop
        self.loop = None if loop is None else self.plain_loop()
        try:
            end = self.block(execute)
        finally:
            self.loop = loop
        return self.proceed(end, rest)

    def subject_matched(self, cases: list[ast.match_case], subject: Value) -> End:
        if isinstance(subject, Select) and not self.is_number(subject):
            then, orelse = subject.then, subject.orelse
            return self.split(subject.condition, [lambda _: self.subject_matched(cases, then)], [lambda _: self.subject_matched(cases, orelse)])
        return self.from_case(cases, 0, subject)

    def from_case(self, cases: list[ast.match_case], n: int, subject: Value) -> End:
        """How a match ends that has come to its n-th case."""
        if n == len(cases):
            return Leaf("fall", self.state)
        case = cases[n]
        names: dict[str, Thunk] = {}
        test = self.fits(case.pattern, lambda: subject, names)

        def following(_: list[Any]) -> End:
            return self.from_case(cases, n + 1, subject)

        def matched(_: list[Any]) -> End:
            for name, value in names.items():
                self.bind_name(name, value())
            return self.run(list(case.body)) if case.guard is None else self.decided(self.eval(case.guard), [*case.body], [following])

        return self.decided(test, [matched], [following])

    def decided(self, test: Value, then: list[Any], orelse: list[Any]) -> End:
        """`then` if the test holds, `orelse` if not."""
        known = self.truth(test)
        if known is not None:
            return self._run(then if known else orelse)
        return self.split(self.condition(test), then, orelse)

    # -- patterns ----------------------------------------------------------------------------------------------

    def fits(self, pattern: ast.pattern, subject: Thunk, names: dict[str, Thunk]) -> Value:
        """Whether a pattern fits, as a value; `names` gets what it binds."""
        self.node = pattern
        if isinstance(pattern, ast.MatchValue):
            return self.compare("==", subject(), self.eval(pattern.value))
        if isinstance(pattern, ast.MatchSingleton):
            return self.compare("is", subject(), Static(pattern.value))
        if isinstance(pattern, ast.MatchAs):
            test: Value = Static(True) if pattern.pattern is None else self.fits(pattern.pattern, subject, names)
            if pattern.name is not None:
                names[pattern.name] = subject
            return test
        if isinstance(pattern, ast.MatchOr):
            return self.one_fits(pattern, subject, names)
        if isinstance(pattern, ast.MatchSequence):
            return self.sequence_fits(pattern, subject, names)
        if isinstance(pattern, ast.MatchMapping):
            return self.mapping_fits(pattern, subject, names)
        assert isinstance(pattern, ast.MatchClass)
        return self.class_fits(pattern, subject, names)

    def all_fit(self, test: Value, patterns: list[tuple[ast.pattern, Thunk]], names: dict[str, Thunk]) -> Value:
        """Whether a test holds and patterns fit, from left to right."""
        for pattern, subject in patterns:
            test = self.both(test, lambda p=pattern, s=subject: self.fits(p, s, names), is_and=True)  # type: ignore[misc]
        return test

    def one_fits(self, pattern: ast.MatchOr, subject: Thunk, names: dict[str, Thunk]) -> Value:
        result: Value = Static(False)
        for other in pattern.patterns:
            bound: dict[str, Thunk] = {}
            result = self.both(result, lambda p=other, b=bound: self.fits(p, subject, b), is_and=False)  # type: ignore[misc]
            known = self.truth(result)
            if bound and known is None:
                self.refuse("alternatives of a pattern bind names", "which of them fits is only known when the program runs", "write a case for each", other)
            if known:
                names.update(bound)
                break
        return result

    def sequence_fits(self, pattern: ast.MatchSequence, subject: Thunk, names: dict[str, Thunk]) -> Value:
        value = subject()
        known = isinstance(value, Static) and isinstance(value.value, (tuple, list, range))
        if not known and not isinstance(value, (TupleV, ListV, Range)):
            return Static(False)
        patterns = pattern.patterns
        star = next((n for n, p in enumerate(patterns) if isinstance(p, ast.MatchStar)), None)
        if isinstance(value, ListV) and not isinstance(self.state.heap[value.slot], Items):
            if star is not None:
                self.refuse("a list of unknown length is matched with a starred pattern", "how many items it has is only known when the program runs",
                            "index the list", pattern)
            length = self.compare("==", self.as_value(self.length(value)), Static(len(patterns)))
            return self.all_fit(length, [(p, lambda n=n: self.subscript(value, Static(n))) for n, p in enumerate(patterns)], names)  # type: ignore[misc]
        items = self.iterate(value)
        after = 0 if star is None else len(patterns) - star - 1
        if len(items) != len(patterns) if star is None else len(items) < len(patterns) - 1:
            return Static(False)
        pairs = list(zip(patterns, items)) if star is None else [*zip(patterns[:star], items), *zip(patterns[star + 1:], items[len(items) - after:])]
        if star is not None and isinstance(starred := patterns[star], ast.MatchStar) and starred.name is not None:
            names[starred.name] = lambda: ListV(self.new(Items(tuple(items[star:len(items) - after]))))
        return self.all_fit(Static(True), [(p, lambda item=item: item) for p, item in pairs], names)  # type: ignore[misc]

    def mapping_fits(self, pattern: ast.MatchMapping, subject: Thunk, names: dict[str, Thunk]) -> Value:
        value = subject()
        if isinstance(value, Static) and isinstance(value.value, dict):
            entries = Entries(tuple(value.value), tuple(Static(v) for v in value.value.values()))
        elif isinstance(value, DictV) and isinstance(contents := self.state.heap[value.slot], Entries):
            entries = contents
        else:
            return Static(False)
        keys = [self.static(self.eval(key), "a dictionary's key") for key in pattern.keys]
        if not all(key in entries.keys for key in keys):
            return Static(False)
        if pattern.rest is not None:
            rest = entries
            for key in keys:
                rest = rest.drop(key)
            names[pattern.rest] = lambda: DictV(self.new(rest))
        return self.all_fit(Static(True), [(p, lambda key=key: entries.get(key)) for key, p in zip(keys, pattern.patterns)], names)  # type: ignore[misc]

    def class_fits(self, pattern: ast.MatchClass, subject: Thunk, names: dict[str, Thunk]) -> Value:
        from ..calling.builtins import class_of

        cls = self.static(self.eval(pattern.cls), "the class of a pattern")
        value = subject()
        if not issubclass(class_of(self, value), cls):
            return Static(False)
        inner: list[tuple[ast.pattern, Thunk]] = []
        attributes = list(pattern.kwd_attrs)
        if pattern.patterns and cls in _OF_THEMSELVES:
            inner.append((pattern.patterns[0], subject))
        else:
            attributes = [*getattr(cls, "__match_args__", ())[:len(pattern.patterns)], *attributes]
        if len(inner) + len(attributes) != len(pattern.patterns) + len(pattern.kwd_attrs):
            self.fail(TypeError, Static(f"{cls.__name__}() accepts fewer positional sub-patterns"))
        for name, p in zip(attributes, [*pattern.patterns, *pattern.kwd_patterns][len(inner):]):
            if isinstance(value, Object):
                contents = self.state.heap[value.slot]
                if isinstance(contents, Entries) and name not in contents.keys and not hasattr(value.cls, name):
                    return Static(False)
            inner.append((p, lambda name=name: self.attribute(subject(), name)))  # type: ignore[misc]
        return self.all_fit(Static(True), inner, names)


__all__ = ["Patterns"]

"""Needs -> Plan: by which means each primal value comes to be there again in the reverse sweep.

A value that was defined outside loops is there (one that was defined in a branch is given out of it). Of what a loop's body
defined, in this order:

- what is cheap is computed again, if its arguments are there;
- an array that is the same in every iteration (`dt * k` with both from outside) is *steady*: it is computed once more, before the reverse loop;
- where several needed values are computed from fewer others, these others are taped and the rest computed again: a Newton
  iteration tapes x, not its step and its slope;
- what a loop yields as a carried value that is popped anyway is *carried* backwards: the previous pop is this value;
- an array of which a loop writes single elements is carried backwards too, and the writes are *undone* one by one
  (`transform/undo`): the elements that they overwrote are taped, not the array;
- the rest is taped: one tape for each value.

The plan says which; `transform/keep` carries it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..analysis.activity import carried
from ..analysis.frames import Frame, Places, Site
from ..ir.nodes import Break, For, If, Let, Var, While, Yield, variables
from ..ir.ops import OPS
from ..ir.types import Array, Dim, Scalar, Tuple, Type, rank
from ..ir.walk import leaves
from ..rules.structure import is_basic
from .undo import chain, old_value, restored

METADATA = frozenset({"len", "item", "np.shape", "np.ndim", "np.size"})  # cheap whatever they are asked of
STEADY = frozenset({"+", "-", "*", "neg"})  # of arrays of one shape and numbers these do not raise, whether or not the loop runs
MOST = 12  # statements computed again for one value, at most
Recipe = Callable[[Var], "Let | None"]


class Plan:
    """before: the steady values, by outermost loop. taped, carried: the Vars obtained so (with the number of the carried value); undone: the versions of an array that are made
    from the next one; through: those that the reverse of an inner loop ends with; order: for each frame what its prologue
    obtains, in the order in which it has to."""

    def __init__(self, places: Places, reload: Recipe) -> None:
        self.places = places
        self.reload = reload
        self.needs: dict[Var, None] = {}
        self.taped: dict[Var, None] = {}
        self.carried: dict[Var, tuple[For | While, int]] = {}
        self.undone: dict[Var, Let] = {}
        self.through: set[Var] = set()
        self.reloaded: dict[Var, Let] = {}
        self.order: dict[Frame, list[Var]] = {}
        self.before: dict[For | While, list[Var]] = {}
        self._done: set[Var] = set()
        self._missing: dict[Var, frozenset[Var]] = {}
        self._cost: dict[Var, int] = {}
        self._looped = [v for v, site in places.sites.items() if site.frame.looped]

    # -- what is there -----------------------------------------------------------------------------------

    def site(self, var: Var) -> Site:
        return self.places.sites[var]

    def is_free(self, var: Var) -> bool:
        """Whether a value is there in the reverse sweep without any tape."""
        site = self.places.sites.get(var)
        if site is None or not site.frame.looped:
            return True
        return isinstance(site.frame.owner, For) and site.stmt is None and var is site.frame.block.params[0]

    def is_there(self, var: Var) -> bool:
        """Whether a value is there, given what is taped so far."""
        return not self.missing(var)

    def recipe(self, var: Var) -> Let | None:
        """The statement that computes a value again, if that is cheap."""
        stmt = self.site(var).stmt
        if not isinstance(stmt, Let) or stmt.out is None:
            return None
        op = OPS[stmt.op]
        if op.effect or op.fresh or op.destroys is not None:
            return None
        if stmt.op == "index":
            return stmt if is_basic(stmt.args[1]) and isinstance(stmt.out.type, (Scalar, Array)) else None
        if isinstance(stmt.out.type, Array):
            return stmt if op.views and op.cheap else None
        if stmt.op in METADATA:
            return stmt
        scalars = all(isinstance(v.type, Scalar) for arg in stmt.args for v in variables(arg))
        return stmt if op.cheap and scalars and _is_plain(stmt.out.type) else None

    def steady(self, var: Var) -> tuple[Let, For | While] | None:
        """The statement that computes an array from what is defined outside of all loops, and the outermost loop around it."""
        site = self.places.sites.get(var)
        stmt = None if site is None else site.stmt
        if site is None or not isinstance(stmt, Let) or stmt.op not in STEADY or not isinstance(var.type, Array) or var.type.shape is None:
            return None
        for v in (v for arg in stmt.args for v in variables(arg)):
            if not (isinstance(v.type, Scalar) or (isinstance(v.type, Array) and v.type.shape == var.type.shape)):
                return None
            inside = self.places.sites.get(v)
            if inside is not None and inside.frame.looped and self.steady(v) is None:
                return None
        frame: Frame | None = site.frame
        loop = None
        while frame is not None and frame.looped:
            if isinstance(frame.owner, If):
                return None  # it may not be computed at all
            loop = frame.owner if isinstance(frame.owner, (For, While)) else loop
            frame = frame.parent
        return None if loop is None else (stmt, loop)

    def missing(self, var: Var) -> frozenset[Var]:
        """The fewest values, in some sense, that would have to be taped for a value to be there."""
        if not self._missing:
            for v in self._looped:  # arguments first, so that this hardly recurses
                self._missing_of(v)
        return self._missing.get(var, frozenset())

    def _find_missing(self, var: Var) -> frozenset[Var]:
        self._cost[var] = 0
        if self.is_free(var) or var in self.taped or var in self.carried or var in self.undone:
            return frozenset()
        if self.steady(var) is not None:
            return frozenset()
        let = self.recipe(var)
        if let is not None:
            found, cost = self._of(let)
            if not found and cost <= MOST:
                self._cost[var] = cost
                return found
        else:
            found, cost = frozenset({var}), MOST + 1
        again = self.reload(var)
        if again is not None and not self._of(again)[0]:
            self.reloaded[var] = again
            self._cost[var] = self._of(again)[1]
            return frozenset()
        if let is None or cost > MOST or len(found) > 4:
            return frozenset({var})
        if let.op == "index" and any(rank(v.type) != rank(var.type) for v in found if isinstance(v.type, Array)):
            return frozenset({var})  # never the whole array for the sake of a part
        self._cost[var] = cost
        return found

    def _of(self, let: Let) -> tuple[frozenset[Var], int]:
        found: set[Var] = set()
        cost = 0 if let.op == "index" else 1
        for arg in let.args:
            for v in variables(arg):
                found |= self._missing_of(v)
                cost += self._cost.get(v, 0)
        return frozenset(found), cost

    def _missing_of(self, var: Var) -> frozenset[Var]:
        known = self._missing.get(var)
        if known is None:
            if var not in self.places.sites or not self.site(var).frame.looped:
                return frozenset()
            self._missing[var] = frozenset({var})  # a value is not read again by means of itself
            known = self._missing[var] = self._find_missing(var)
        return known

    # -- decisions ---------------------------------------------------------------------------------------

    def decide(self, needs: Iterable[Var]) -> None:
        """Plan for the needed values, beside those that were needed before."""
        self.needs.update(dict.fromkeys(v for v in needs if v in self.places.sites))
        while True:
            self._choose(sorted(self.needs, key=lambda v: self.site(v).number))
            more = self._carry() + self._undo()
            if not more:
                break
            self.needs.update(dict.fromkeys(more))
        for var in sorted(self.needs, key=lambda v: self.site(v).number):
            self._obtain(var)

    def _tape(self, vars: list[Var]) -> None:
        if vars:
            self.taped.update(dict.fromkeys(vars))
            self._missing.clear()
            self.reloaded.clear()

    def _choose(self, needs: list[Var]) -> None:
        self._tape([v for v in needs if self.missing(v) == {v}])
        chosen: list[Var] = []
        for component in _components([(v, self.missing(v)) for v in needs if self.missing(v)]):
            wanted = [v for v, _ in component]
            fewer = sorted({m for _, missing in component for m in missing}, key=lambda v: self.site(v).number)
            if len(fewer) < len(wanted) or self._are_outer(fewer, wanted):
                chosen += fewer
            else:
                chosen += self._independent(wanted)
        self._tape(chosen)

    def _independent(self, wanted: list[Var]) -> list[Var]:
        """Of some values those that are not computed directly from the others."""
        chosen: dict[Var, None] = {}
        for var in wanted:
            let = self.recipe(var)
            if let is None or any(self.missing(v) and v not in chosen for arg in let.args for v in variables(arg)):
                chosen[var] = None
        return list(chosen)

    def _are_outer(self, leaves_: list[Var], wanted: list[Var]) -> bool:
        """Whether taping the leaves takes fewer pushes: they belong to outer loops."""
        least = min(self.site(v).frame.depth for v in wanted)
        return all(self.site(v).frame.depth < least for v in leaves_)

    def _carry(self) -> list[Var]:
        """Carry backwards what can be; the results of loops that this needs at the beginning."""
        more: list[Var] = []
        for var in list(self.taped):
            frame = self.site(var).frame
            body: Frame | None = frame
            while body is not None and not body.is_body and not isinstance(body.owner, If):
                body = body.parent
            if body is None or isinstance(body.owner, If) or self.site(var).stmt is None:
                continue
            loop = body.owner
            assert isinstance(loop, (For, While))
            ends = [leaf.end for leaf in leaves(frame.block) if isinstance(leaf.end, (Yield, Break))]
            for k, param in enumerate(carried(loop)):
                if param in self.taped and ends and all(end.values[k] is var for end in ends) and param.type == var.type:
                    self.carried[var] = (loop, k)
                    del self.taped[var]
                    self._missing.clear()
                    more.append(loop.outs[k])
                    break
        return more

    def _undo(self) -> list[Var]:
        """Take back writes of single elements rather than keep the array; the results of loops that this needs at the beginning."""
        more: list[Var] = []
        for var in list(self.taped):
            loop = self._body_of(var)
            if var not in self.taped or loop is None or not isinstance(var.type, Array):
                continue
            for k, param in enumerate(carried(loop)):
                found = chain(loop, k) if param.type == var.type else None
                if found is None or (found.inner is not None and found.inner not in self.carried.values()):
                    continue
                versions = found.versions
                if var not in versions or (loop, k) in self.carried.values() or any(v in self._done for v in versions):
                    continue
                for store in found.stores:
                    old = old_value(loop.body, store)
                    before = store.args[0]
                    assert isinstance(before, Var)
                    self.undone[before] = restored(store, old)
                    self.taped[old] = None
                    more += [old, *variables(store.args[1])]
                for version in versions:
                    self.taped.pop(version, None)
                self.carried[versions[0]] = (loop, k)
                if found.inner is None:
                    more.append(param)
                else:
                    self.through.add(param)
                more.append(loop.outs[k])
                self._missing.clear()
                self.reloaded.clear()
                break
        return more

    def _body_of(self, var: Var) -> For | None:
        """The loop whose body, and not a branch of it, a Var belongs to."""
        owner = self.site(var).frame.owner
        return owner if isinstance(owner, For) else None

    def _obtain(self, var: Var) -> None:
        """Put a value, and before it what it is computed from, into the prologue of its frame."""
        if var in self._done or var not in self.places.sites:
            return
        self._done.add(var)
        if self.is_free(var):
            self.order.setdefault(self.site(var).frame, []).append(var)
            return
        if var not in self.taped and var not in self.carried:
            steady = self.steady(var)
            if steady is not None:
                self._obtain_before(var, *steady)
                return
            let = self.source(var)
            for arg in let.args:
                for v in variables(arg):
                    self._obtain(v)
        self.order.setdefault(self.site(var).frame, []).append(var)

    def _obtain_before(self, var: Var, let: Let, loop: For | While) -> None:
        for v in (v for arg in let.args for v in variables(arg)):
            self._obtain(v)
        self.before.setdefault(loop, []).append(var)

    def source(self, var: Var) -> Let:
        """The statement that computes again, or reads again, a value that is neither taped nor carried."""
        self.missing(var)
        let = self.undone.get(var) or self.reloaded.get(var) or self.recipe(var)
        assert let is not None, var
        return let

    def is_obtained(self, var: Var) -> bool:
        return var in self._done or (var in self.places.sites and not self.site(var).frame.looped)


def _is_plain(type: Type) -> bool:
    return isinstance(type, Scalar) or (isinstance(type, Tuple) and all(isinstance(t, Scalar) for t in type.items))


def _components(pairs: list[tuple[Var, frozenset[Var]]]) -> Iterator[list[tuple[Var, frozenset[Var]]]]:
    """The pairs grouped such that two groups share no missing value, in order (union-find)."""
    parent: dict[Var, Var] = {}

    def root(var: Var) -> Var:
        while parent.setdefault(var, var) is not var:
            parent[var] = parent[parent[var]]
            var = parent[var]
        return var

    for _, missing in pairs:
        first, *others = missing
        for other in others:
            parent[root(other)] = root(first)
    groups: dict[Var, list[tuple[Var, frozenset[Var]]]] = {}
    for pair in pairs:
        groups.setdefault(root(next(iter(pair[1]))), []).append(pair)
    yield from groups.values()


def is_wild(type: Type) -> bool:
    """Whether a type has an extent that may mean another length each time: not a symbol of the arguments."""
    if isinstance(type, Array):
        return type.shape is None or any(isinstance(e, Dim) and ("?" in e.name or "[" in e.name) for e in type.shape)
    return not isinstance(type, Scalar)

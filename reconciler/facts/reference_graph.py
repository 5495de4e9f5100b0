"""References between definitions as one graph (v1 reference 4.8, 10.2 and 12).

A node is more than a definition: the class and id of the resource, and the deployments in which it
exists, decide what its references mean, because a reference that omits class or id takes those of
the referring resource. The deployments narrow along a path: what only application `a` asks for
cannot lead to what only application `b` gets. Parts that nothing fixes stay open.

Rules use `Scope.references`, which builds the graph once. Criteria are indexed by type on first use.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from reconciler.facts.asking import Ask, Member
from reconciler.facts.context import ANYWHERE, Applications, Applied, Where, class_of, rank, where
from reconciler.facts.definition import BASE_ENVIRONMENT_TYPE, CLUSTER_TYPE, NAMESPACE_TYPE
from reconciler.model.resource_definition import DEFAULT_CLASS

IMPLICIT_TYPES = frozenset((CLUSTER_TYPE, NAMESPACE_TYPE, BASE_ENVIRONMENT_TYPE))
"""Types that are added to every deployment, with the type as id (v1 reference 7.1 and 10.2)."""
_SHOWN = 8
"""Maximum number of definitions of a path that are named."""
_STEPS = 200_000
_STEPS_PER_MEMBER = 30
"""Maximum number of references followed in one walk. Deployments multiply along a path: a hundred definitions each by
application, by environment and by type can be combined in a million ways."""


class Request(NamedTuple):
    """A resource that is asked for. None is open: any class, any id."""

    type: str
    class_name: str | None
    res_id: str | None
    where: Where


class Node(NamedTuple):
    """A definition that provisions a resource of this class and id in these deployments. None is open."""

    member: Member
    class_name: str | None
    res_id: str | None
    where: Where

    def request(self, ask: Ask) -> Request:
        """The request that an ask of this node means: what it omits is inherited."""
        return Request(ask.type, ask.class_name or self.class_name, ask.res_id or self.res_id, self.where)


class ReferenceGraph:
    """Every definition of an organization, declared or only live, and what they ask of each other."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self._criteria: dict[str, _Criteria] = {}
        self._latest: dict[str, tuple[Request, Sequence[Node]]] = {}

    @cached_property
    def _by_type(self) -> Mapping[str, Sequence[Member]]:
        found: dict[str, list[Member]] = defaultdict(list)
        for member in self.members:
            found[member.type].append(member)
        return found

    def of_type(self, resource_type: str) -> Sequence[Member]:
        """Definitions of one resource type."""
        return self._by_type.get(resource_type, ())

    @cached_property
    def by_driver(self) -> Mapping[str, Sequence[Member]]:
        """Declared definitions by the driver they name."""
        found: dict[str, list[Member]] = defaultdict(list)
        for member in self.members:
            if member.declared is not None:
                found[member.driver].append(member)
        return found

    @cached_property
    def _asking(self) -> Mapping[str, Sequence[tuple[Member, Ask]]]:
        found: dict[str, list[tuple[Member, Ask]]] = defaultdict(list)
        for member in self.members:
            for ask in member.asks:
                found[ask.type].append((member, ask))
        return found

    def asking_for(self, resource_type: str) -> Sequence[tuple[Member, Ask]]:
        """Every ask for a resource of a type, with the definition it belongs to."""
        return self._asking.get(resource_type, ())

    @cached_property
    def with_agent_url(self) -> Sequence[Member]:
        """Declared definitions with an input named `agent_url`."""
        return [member for member in self.members if member.declared is not None and member.agent_urls]

    @property
    def asked_types(self) -> Collection[str]:
        """Types that some definition asks for."""
        return self._asking.keys()

    def starts(self, member: Member) -> Iterator[Node]:
        """Every way in which a definition is used: one node per criterion.

        A resource that is in every deployment has its type as id, unless another definition always
        wins for that id.
        """
        if member.criteria is None:
            yield Node(member, None, None, ANYWHERE)
            return
        for criterion in member.criteria:
            node = Node(member, class_of(criterion), criterion.res_id or None, where(criterion))
            if node.res_id is None and member.type in IMPLICIT_TYPES and node.class_name == DEFAULT_CLASS:
                implicit = Request(member.type, DEFAULT_CLASS, member.type, node.where)
                if any(found.member is member for found in self.winners(implicit)):
                    node = node._replace(res_id=member.type)
            yield node

    def winners(self, request: Request) -> Sequence[Node]:
        """Definitions that are selected for the request in some of its deployments.

        Criteria that name a resource id count only where the request names the same. Those that
        others beat in every deployment they share with the request are left out.
        """
        latest = self._latest.get(request.type)
        if latest is None or latest[0] != request:
            latest = self._latest[request.type] = (request, tuple(self.winning(request)))
        return latest[1]

    def winning(self, request: Request) -> Iterator[Node]:
        """`winners` one by one: there may be thousands, and often the first is enough."""
        if request.class_name is None:
            return
        groups = self._criteria_of(request.type).groups(request.class_name, request.res_id)
        is_only_one = sum(map(len, groups)) == 1
        for group in groups:
            for shared, applied in group.within(request.where):
                if is_only_one or not _is_beaten(groups, shared, applied):
                    yield Node(applied.subject, request.class_name, request.res_id, shared)

    def has_winner(self, request: Request) -> bool:
        """True if some definition is selected for the request in some of its deployments."""
        return next(self.winning(request), None) is not None

    def may_have_others(self, request: Request) -> bool:
        """True if open parts of the request, or unknown criteria, could select more definitions."""
        criteria = self._criteria_of(request.type)
        if criteria.has_unknown:
            return True
        if request.class_name is None:
            return any(True for group in criteria.all() for _ in group.within(request.where))
        if request.res_id is not None:
            return False
        return any(
            True for group in criteria.with_id(request.class_name) for _ in group.within(request.where)
        )

    def _criteria_of(self, resource_type: str) -> "_Criteria":
        found = self._criteria.get(resource_type)
        if found is None:
            found = self._criteria[resource_type] = _Criteria(self.of_type(resource_type))
        return found

    def follow(self, node: Node, ask: Ask) -> Sequence[Node]:
        """Where an ask of a node leads; nowhere if class or criteria are open."""
        return self.winners(node.request(ask))

    def leading_to(self, goals: Iterable[str]) -> frozenset[str]:
        """Types whose definitions can lead to one of the goals over any number of references, goals included."""
        found = set(goals)
        waiting = deque(found)
        while waiting:
            for member, ask in self.asking_for(waiting.popleft()):
                if ask.reference is not None and member.type not in found:
                    found.add(member.type)
                    waiting.append(member.type)
        return frozenset(found)

    @cached_property
    def leading_to_agents(self) -> frozenset[str]:
        """Types whose definitions can lead to an Agent, type `agent` included."""
        return self.leading_to(("agent",))

    def explore(
        self, starts: Iterable[Node], through: Collection[str], *, with_provision: bool = False
    ) -> "Exploration":
        """Follow references from all starts at once, over definitions of the given types. Cycles are followed once.

        `with_provision` also follows resources provisioned along with a definition. The nearest come first;
        the walk stops when there are too many paths.
        """
        seen: dict[Node, Node | None] = dict.fromkeys(starts)
        came_from: dict[Node, list[Node]] = defaultdict(list)
        waiting = deque(seen)
        left = _STEPS + _STEPS_PER_MEMBER * len(self.members)
        while waiting and left > 0:
            node = waiting.popleft()
            for ask in node.member.asks:
                if ask.type not in through or (ask.reference is None and not with_provision):
                    continue
                ends = self.follow(node, ask)
                left -= len(ends)
                for found in ends:
                    came_from[found].append(node)
                    if found not in seen:
                        seen[found] = node
                        waiting.append(found)
        return Exploration(seen, came_from, is_whole=not waiting)


class Exploration:
    """Nodes that were reached, and how; `is_whole` is false if there may be more."""

    def __init__(
        self,
        reached: Mapping[Node, Node | None],
        came_from: Mapping[Node, Sequence[Node]],
        *,
        is_whole: bool = True,
    ) -> None:
        self.reached = reached
        self.is_whole = is_whole
        self._came_from = came_from

    def path_to(self, node: Node) -> list[Member]:
        """Definitions on a shortest path from a start to a node, both included."""
        path = [node.member]
        before = self.reached[node]
        while before is not None:
            path.append(before.member)
            before = self.reached[before]
        return path[::-1]

    def ways_to(self, is_goal: Callable[[Member], bool]) -> "Ways":
        """Shortest paths from every reached node to a goal."""
        onward: dict[Node, Node | None] = {node: None for node in self.reached if is_goal(node.member)}
        waiting = deque(onward)
        while waiting:
            node = waiting.popleft()
            for before in self._came_from.get(node, ()):
                if before not in onward:
                    onward[before] = node
                    waiting.append(before)
        return Ways(onward)


class Ways:
    """For each node from which a goal can be reached, the next one on a shortest path."""

    def __init__(self, onward: Mapping[Node, Node | None]) -> None:
        self._onward = onward

    def path_from(self, node: Node) -> list[Member]:
        """Definitions from the node to the goal, both included; empty if there is none."""
        if node not in self._onward:
            return []
        path = [node.member]
        following = self._onward[node]
        while following is not None:
            path.append(following.member)
            following = self._onward[following]
        return path


def spelled(path: Sequence[Member | str]) -> str:
    """A path in words; a long one is shortened in the middle.

    >>> spelled(["a", "b", "c"])
    '`a` → `b` → `c`'
    """
    names = [f"`{step if isinstance(step, str) else step.id}`" for step in path]
    if len(names) > _SHOWN:
        names[_SHOWN // 2 : -_SHOWN // 2] = [f"… {len(names) - _SHOWN} more …"]
    return " → ".join(names)


class _Criteria:
    """Criteria of one type by class and resource id."""

    def __init__(self, members: Iterable[Member]) -> None:
        sorted_out: dict[str, dict[str | None, list[Applied[Member]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.has_unknown = False
        for member in members:
            if member.criteria is None:
                self.has_unknown = True
            for criterion in member.criteria or ():
                sorted_out[class_of(criterion)][criterion.res_id or None].append(Applied(criterion, member))
        self._by_class = {
            name: {res_id: Applications(applied) for res_id, applied in by_id.items()}
            for name, by_id in sorted_out.items()
        }

    def groups(self, class_name: str, res_id: str | None) -> list[Applications[Member]]:
        """Criteria for the id, and those for any id."""
        by_id = self._by_class.get(class_name, {})
        wanted = (None,) if res_id is None else (res_id, None)
        return [by_id[name] for name in wanted if name in by_id]

    def with_id(self, class_name: str) -> Iterator[Applications[Member]]:
        """Criteria that name an id."""
        return (group for name, group in self._by_class.get(class_name, {}).items() if name is not None)

    def all(self) -> Iterator[Applications[Member]]:
        """Criteria of every class and id."""
        return (group for by_id in self._by_class.values() for group in by_id.values())


def _is_beaten(groups: Iterable[Applications[Member]], shared: Where, applied: Applied[Member]) -> bool:
    least = rank(applied.criterion)
    return any(rank(found.criterion) > least for group in groups for found in group.covering(shared))

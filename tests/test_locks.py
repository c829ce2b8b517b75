"""Locks that are taken: ready-made test 2, read off the code.

A queryset with `select_for_update()` locks nothing until it is evaluated, and rows that are locked
in no order deadlock. Both are seen without running anything; what PostgreSQL is really asked is
in races/test_locks_taken.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from marketflow.settings import BASE_DIR

APPS = (
    "accounts",
    "analytics",
    "carts",
    "catalog",
    "chat",
    "marketflow",
    "notifications",
    "orders",
)
# What has the database asked, for one row and for many.
ONE = {"get", "first", "last", "earliest", "latest"}
MANY = {"list", "tuple", "set", "dict", "sorted", "in_bulk", "iterator", "exists", "count"}
RUNS_DRY = ("Iterator", "Generator")
MAKES_LAZY = ("map", "filter", "zip", "iter", "reversed", "enumerate")


@dataclass(frozen=True)
class Lock:
    """One `select_for_update()`: where it is, what is chained to it, and who evaluates it."""

    place: str
    methods: frozenset[str]
    ends: frozenset[str]

    @property
    def takes_one(self) -> bool:
        return self.ends <= ONE


def sources() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((BASE_DIR / app).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.relative_to(BASE_DIR).parts):
                yield str(path.relative_to(BASE_DIR)), read(path.read_text())


def read(text: str) -> ast.Module:
    module = ast.parse(text)
    for parent in ast.walk(module):
        for child in ast.iter_child_nodes(parent):
            child.parent = parent
    return module


def is_call_of(node: ast.AST, name: str) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_call and node.func.attr == name


def find_locks(modules: list[tuple[str, ast.Module]]) -> list[Lock]:
    found = []
    for path, module in modules:
        for node in ast.walk(module):
            if is_call_of(node, "select_for_update"):
                before = chained_before(node.func.value)
                after, ends = follow(node, modules)
                place = f"{path}:{node.lineno}"
                found.append(Lock(place, frozenset(before | after), frozenset(ends)))
    return found


def chained_before(node: ast.AST, names: frozenset[str] = frozenset()) -> set[str]:
    """The methods that made the queryset, through the name it was given in the same function.

    `names` were followed before: `rows = rows.filter(...)`.
    """
    methods: set[str] = set()
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call):
            node = node.func
        else:
            methods.add(node.attr)
            node = node.value
    if isinstance(node, ast.Name) and node.id not in names:
        for step in ast.walk(function_of(node)):
            if isinstance(step, ast.Assign) and is_named(step.targets, node.id):
                methods |= chained_before(step.value, names | {node.id})
    return methods


def follow(node: ast.AST, modules) -> tuple[set[str], set[str]]:
    """The methods chained to it, and what evaluates it: nothing, where it never is."""
    methods: set[str] = set()
    while isinstance(node.parent, ast.Attribute) and isinstance(node.parent.parent, ast.Call):
        node = node.parent.parent
        methods.add(node.func.attr)
        if node.func.attr in ONE | MANY:
            return methods, {node.func.attr}
    user = node.parent
    if isinstance(user, ast.Subscript):
        node, user = user, user.parent
    if isinstance(user, ast.Call) and isinstance(user.func, ast.Name) and user.func.id in MANY:
        return methods, {user.func.id}
    if isinstance(user, ast.For | ast.comprehension) and user.iter is node:
        return methods, {"for"}
    if isinstance(user, ast.Assign) and isinstance(user.targets[0], ast.Name):
        read = names_read(function_of(node), user.targets[0].id)
        # What the assignment itself reads is what the name held before.
        uses = [use for use in read if use not in set(ast.walk(user))]
    elif isinstance(user, ast.Lambda):
        # A compiled query, by the name it is given in its module: who asks it evaluates it.
        named = user.parent.parent
        uses = names_read(function_of(user), named.targets[0].id)
    elif isinstance(user, ast.Return):
        name = function_of(node).name
        uses = [n for _, module in modules for n in ast.walk(module) if is_call_of(n, name)]
    else:
        uses = []
    followed = [follow(use, modules) for use in uses]
    return methods.union(*(m for m, _ in followed)), set().union(*(e for _, e in followed))


def function_of(node: ast.AST) -> ast.AST:
    while not isinstance(node, ast.FunctionDef | ast.Module):
        node = node.parent
    return node


def is_named(targets: list[ast.expr], name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def names_read(function: ast.AST, name: str) -> list[ast.Name]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        # `is not None` reads nothing of what it holds.
        and not isinstance(getattr(node, "parent", None), ast.Compare)
    ]


@pytest.fixture(scope="module")
def locks() -> list[Lock]:
    return find_locks(list(sources()))


def test_2_every_lock_is_evaluated(locks):
    """Ready-made test 2: a queryset that is never evaluated locks nothing."""
    assert len(locks) > 40
    assert [lock.place for lock in locks if not lock.ends] == []


def test_2_many_rows_are_locked_in_an_order(locks):
    """Ready-made test 2: `FOR UPDATE` with an `ORDER BY`, unless it takes one row by its key."""
    unordered = [lock for lock in locks if not lock.takes_one and "order_by" not in lock.methods]

    # The relay's queryset is ordered by `due`, in the same chain.
    assert [lock.place for lock in unordered if "due" not in lock.methods] == []


def test_2_no_collection_runs_dry_before_its_second_reader():
    """Ready-made test 2: ids are a list built once, never a generator fed to two querysets."""
    dry = [
        f"{path}:{function.lineno} {name}"
        for path, module in sources()
        for function in ast.walk(module)
        if isinstance(function, ast.FunctionDef)
        for name in one_pass_names(function)
        if len(names_read(function, name)) > 1 and not is_kept(function, name)
    ]

    assert dry == []


def one_pass_names(function: ast.FunctionDef) -> set[str]:
    """Names in it that can be read through only once."""
    arguments = [*function.args.args, *function.args.kwonlyargs]
    names = {
        argument.arg
        for argument in arguments
        if argument.annotation
        and ast.unparse(argument.annotation).startswith(("Iterable", *RUNS_DRY))
    }
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and is_lazy(node.value)
        ):
            names.add(node.targets[0].id)
    return names


def is_lazy(node: ast.AST) -> bool:
    if isinstance(node, ast.GeneratorExp):
        return True
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in MAKES_LAZY
    )


def is_kept(function: ast.FunctionDef, name: str) -> bool:
    """Whether it is made a list, or the like, under its own name: `rows = list(rows)`."""
    return any(
        isinstance(node, ast.Assign)
        and is_named(node.targets, name)
        and not is_lazy(node.value)
        and names_read(node.value, name)
        for node in ast.walk(function)
    )


# --- the walk itself sees what it is to see


@pytest.mark.parametrize(
    "line",
    [
        "Thing.objects.select_for_update().filter(pk=1)",
        "rows = Thing.objects.select_for_update()",
        "rows = Thing.objects.select_for_update(); rows.filter(pk=1)",
    ],
)
def test_a_lock_that_is_never_evaluated_is_found(line):
    [lock] = find_locks([("made_up.py", read(f"def work():\n    {line}\n"))])

    assert not lock.ends


def test_a_compiled_lock_is_evaluated_by_who_asks_it():
    code = "_row = CompiledQuery(lambda pk: Thing.objects.select_for_update().filter(pk=pk))\n"
    [asked] = find_locks([("a.py", read(f"{code}def work():\n    _row.get(pk=1)\n"))])
    [left] = find_locks([("b.py", read(f"{code}def work():\n    _row\n"))])

    assert asked.takes_one
    assert not left.ends


def test_an_evaluated_one_is_known_by_its_order():
    code = "def work():\n    rows = Thing.objects.order_by('pk')\n    {}\n"
    [ordered] = find_locks([("a.py", read(code.format("list(rows.select_for_update())")))])
    [without] = find_locks([("b.py", read(code.format("list(Thing.select_for_update())")))])

    assert "order_by" in ordered.methods
    assert "order_by" not in without.methods
    assert not ordered.takes_one


@pytest.mark.parametrize(
    ("line", "is_dry"),
    [
        ("ids = (x.pk for x in xs); use(ids); use(ids)", True),
        ("ids = [x.pk for x in xs]; use(ids); use(ids)", False),
        ("ids = map(str, xs); ids = list(ids); use(ids); use(ids)", False),
    ],
)
def test_a_generator_read_twice_is_found(line, is_dry):
    [function] = read(f"def work(xs):\n    {line}\n").body

    names = one_pass_names(function)
    assert (
        any(len(names_read(function, n)) > 1 and not is_kept(function, n) for n in names) == is_dry
    )

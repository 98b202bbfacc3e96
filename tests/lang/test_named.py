"""Our NamedTuple and that of `typing` are told apart by nothing that this code uses."""

import copy
import pickle
import typing
from typing import Any

import pytest
from flow_lang.named import NamedTuple


class Ours(NamedTuple):
    """What it is."""

    a: int
    b: "str | None" = None
    c: tuple[int, ...] = ()

    @property
    def double(self) -> int:
        return 2 * self.a

    def renamed(self, b: str) -> "Ours":
        return self._replace(b=b)


class Theirs(typing.NamedTuple):
    """What it is."""

    a: int
    b: "str | None" = None
    c: tuple[int, ...] = ()


class Empty(NamedTuple):
    pass


MADE = [((1,), {}), ((1, "x"), {}), ((1,), {"c": (2,)}), ((), {"a": 1, "b": "y", "c": (1, 2)})]


@pytest.mark.parametrize(("given", "named"), MADE)
def test_values(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours: Any = Ours(*given, **named)
    theirs: Any = Theirs(*given, **named)
    assert ours == theirs
    assert hash(ours) == hash(theirs)
    assert ours._asdict() == theirs._asdict()
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert (ours.a, ours.b, ours.c) == theirs
    assert ours._replace(a=5) == theirs._replace(a=5)
    assert copy.deepcopy(ours) == pickle.loads(pickle.dumps(ours)) == ours
    assert type(copy.copy(ours)) is Ours
    assert (ours.double, ours.renamed("z").b) == (2, "z")


def test_the_class() -> None:
    for name in ("_fields", "_field_defaults", "__match_args__", "__doc__", "__module__"):
        assert getattr(Ours, name) == getattr(Theirs, name), name
    assert typing.get_type_hints(Ours) == typing.get_type_hints(Theirs)
    assert Empty() == ()
    match Ours(1, "x"):
        case Ours(a, b):
            assert (a, b) == (1, "x")


@pytest.mark.parametrize(
    ("given", "named"), [((), {}), ((1, 2, 3, 4), {}), ((1,), {"d": 1}), ((1,), {"a": 2}), ((1,), {"_cls": 2})]
)
def test_wrong_arguments(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="__new__"):
        Ours(*given, **named)
    with pytest.raises(TypeError):
        Theirs(*given, **named)


def test_what_cannot_be_replaced_or_made() -> None:
    one: Any = Ours(1)
    with pytest.raises(ValueError, match="d"):
        one._replace(d=1)
    with pytest.raises(TypeError, match="3"):
        Ours._make([1])
    with pytest.raises(AttributeError):
        one.a = 2
    with pytest.raises(AttributeError):
        one.more = 2


def test_a_default_before_none() -> None:
    with pytest.raises(TypeError, match="default"):
        exec("class Wrong(NamedTuple):\n    a: int = 1\n    b: int", {"NamedTuple": NamedTuple, "__name__": "x"})

"""The signatures of Python functions, read without running them, also across files."""

import pytest
from flow_lang.checks.python.modules import Modules
from flow_lang.checks.python.signatures import Function, Signatures
from flow_lang.checks.python.unreadable import Unreadable
from lang.compiling import codes, planned


def signature(text: str, files: dict[str, str] | None = None) -> Function | None:
    """The signature of `f` in tasks.py, beside the files `name=text`."""
    texts = {"tasks.py": text, **{f"{name}.py": other for name, other in (files or {}).items()}}
    modules = Modules(texts.get)
    module = modules.imported("tasks.py")
    assert module is not None
    return Signatures(modules).of("f", module)


@pytest.mark.parametrize(
    ("annotation", "type_"),
    [
        ("str", "str"),
        ("Path", "file"),
        ("pathlib.Path", "file"),
        ("list[Path]", "list[file]"),
        ("dict[str, int]", "map[str, int]"),
        ("Optional[int]", "int?"),
        ("int | None", "int?"),
        ("None | list[int]", "list[int]?"),
        ('Literal["a", "b"]', 'enum("a", "b")'),
        ('"Score"', "Score"),
        ("Sequence[Score]", "list[Score]"),
        ("Alias", "list[int]"),
        ("Color", 'enum("red", "blue")'),
        ("Any", "json"),
        ("datetime.date", "date"),
        ("Annotated[int, 3]", "int"),
    ],
)
def test_an_annotation(annotation: str, type_: str) -> None:
    text = f"""
@dataclass(frozen=True)
class Score:
    value: float
class Color(StrEnum):
    RED = "red"
    BLUE = "blue"
Alias = list[int]
def f(x: {annotation}, *, y: int = 1) -> None: ...
"""
    found = signature(text)
    assert found is not None
    assert str(found.params[0].type) == type_
    assert [param.required for param in found.params] == [True, False]


@pytest.mark.parametrize(
    "written",
    ["(x) -> int", "(x: int)", "(*x: int) -> int", "(x: set[int]) -> int", "(x: list) -> int", "(x: a.b) -> 3"],
)
def test_a_signature_that_is_no_type(written: str) -> None:
    with pytest.raises(Unreadable):
        signature(f"def f{written}: ...")


SHAPES = """
from dataclasses import dataclass
from pathlib import Path as P
from typing import ClassVar, Literal, TypedDict
Kind = Literal["fast", "exact"]
@dataclass
class Summary:
    limit: ClassVar[int] = 3
    kind: Kind
    table: P
class Row(TypedDict, total=False):
    name: str
"""
SUMMARY = "Summary(kind: enum(fast, exact), table: file)"


def shown(function: Function | None) -> str:
    assert function is not None
    type_ = function.result
    fields = ", ".join(f"{n}: {str(t).replace(chr(34), '')}" for n, t in zip(type_.names, type_.fields, strict=True))
    return f"{type_.name}({fields})"


@pytest.mark.parametrize(
    "text",
    [
        "from shapes import Summary\ndef f() -> Summary: ...",
        "from shapes import Summary as S\ndef f() -> 'S': ...",
        "import shapes\ndef f() -> shapes.Summary: ...",
        "import shapes as sh\nAlias = sh.Summary\ndef f() -> Alias: ...",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shapes import Summary\ndef f() -> 'Summary': ...",
    ],
)
def test_a_class_of_another_file(text: str) -> None:
    assert shown(signature(text, {"shapes": SHAPES})) == SUMMARY


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("from pkg.shapes import Summary\ndef f() -> Summary: ...", {"pkg/shapes": SHAPES, "pkg/__init__": ""}),
        ("import pkg.shapes\ndef f() -> pkg.shapes.Summary: ...", {"pkg/shapes": SHAPES}),
        ("from pkg import shapes\ndef f() -> shapes.Summary: ...", {"pkg/shapes": SHAPES}),
        (
            "from pkg import Summary\ndef f() -> Summary: ...",
            {"pkg/__init__": "from .shapes import Summary", "pkg/shapes": SHAPES},
        ),
        ("from passing import f", {"passing": "from shapes import Summary\ndef f() -> Summary: ...", "shapes": SHAPES}),
        (
            "from more import More\ndef f() -> More: ...",
            {"more": "import shapes\nfrom shapes import Summary\nclass More(Summary): pass", "shapes": SHAPES},
        ),
    ],
)
def test_a_class_of_a_package(text: str, files: dict[str, str]) -> None:
    assert shown(signature(text, files)).endswith(SUMMARY.removeprefix("Summary"))


def test_fields_that_may_be_missing() -> None:
    assert shown(signature("from shapes import Row\ndef f() -> Row: ...", {"shapes": SHAPES})) == "Row(name: str?)"


@pytest.mark.parametrize(
    ("text", "files", "code", "message"),
    [
        (
            "from shapes import Sumary\ndef f() -> Sumary: ...",
            {"shapes": SHAPES},
            "FLOW212",
            "`shapes.py` has no type `Sumary`",
        ),
        (
            "from pandas import Frame\ndef f() -> Frame: ...",
            {},
            "FLOW312",
            "`Frame` is from `pandas`, which is no Python file",
        ),
        ("import pandas as pd\ndef f() -> pd.Frame: ...", {}, "FLOW312", "`pd.Frame` is from `pandas`"),
        (
            "from a import X\ndef f() -> X: ...",
            {"a": "from b import X", "b": "from a import X"},
            "FLOW312",
            "`a.py` -> `b.py` -> `a.py`",
        ),
        ("from a import X\ndef f() -> X: ...", {"a": "def"}, "FLOW112", "`a`, which `tasks.py` imports, is not Python"),
        ("from .shapes import Summary\ndef f() -> Summary: ...", {"shapes": SHAPES}, "FLOW312", "is in no package"),
        (
            "from a import X\ndef f() -> X: ...",
            {
                "a": "import b\n@dataclass\nclass X:\n y: b.Y",
                "b": "from a import X\nfrom typing import *\nclass Y(NamedTuple):\n x: X",
            },
            "FLOW312",
            "`X` contains itself",
        ),
    ],
)
def test_what_cannot_be_followed(text: str, files: dict[str, str], code: str, message: str) -> None:
    with pytest.raises(Unreadable) as met:
        signature(text, files)
    assert met.value.code == code
    assert message in met.value.message
    assert met.value.hint


FLOW = """flow 1
from python "one.py" import make
from python "tasks/two.py" import take
workflow w {
  task made { call make() }
  task taken { call take(made) }
}
"""
ONE = "from shapes import Summary\ndef make() -> Summary: ..."
TWO = "import shapes\ndef take(summary: shapes.Summary) -> None: ..."


def test_a_class_is_one_type_whoever_imports_it() -> None:
    plan = planned(FLOW, {"one.py": ONE, "tasks/two.py": TWO, "shapes.py": SHAPES})
    assert sorted(plan.sources) == ["one.py", "shapes.py", "tasks/two.py", "test.flow"]


def test_a_module_is_also_found_beside_the_file_that_imports_it() -> None:
    files = {
        "one.py": "def make() -> int: ...",
        "tasks/two.py": "from inner import N\ndef take(x: N) -> None: ...",
        "tasks/inner.py": "N = int",
    }
    assert "tasks/inner.py" in planned(FLOW, files).sources


def test_a_plan_has_the_modules_of_a_package() -> None:
    files = {"pkg/__init__.py": "", "pkg/a/__init__.py": "from .b import x", "pkg/a/b.py": "x = 1"}
    text = 'flow 1\nfrom python "t.py" import f\nworkflow w { task t { call f() } }'
    plan = planned(text, {"t.py": "import pkg.a\ndef f() -> None: ...", **files})
    assert set(files) <= set(plan.sources)


def test_two_classes_of_one_name_and_other_fields_differ() -> None:
    other = "from dataclasses import dataclass\n@dataclass\nclass Summary:\n n: int\ndef take(summary: Summary) -> None: ..."
    assert codes(FLOW, {"one.py": ONE, "tasks/two.py": other, "shapes.py": SHAPES}) == ["FLOW301"]

"""`import "lib/quality.flow"`: types, policies and workflows of other files."""

import pytest
from flow_lang.compile import compile_source
from flow_lang.render import render
from flow_lang.source import Source
from lang.compiling import CHAIN, Memory, codes, compiled, in_workflow, planned

QUALITY = """flow 1
from python "look.py" import look
type Report { ok: bool }
policy gentle = retry(2)
workflow check(rows: int, least: int = 1) -> Report {
  task seen -> int { call look(rows) }
  task report -> Report { python '''
    import helper
    return helper.report(seen, least)
  ''' }
  return report
}
workflow unused { task t { shell "true" } }
"""
FILES = {
    "lib/quality.flow": QUALITY,
    "lib/look.py": "def look(rows: int) -> int: ...",
    "lib/helper.py": "import deeper",
    "lib/deeper.py": "",
}
USE = """flow 1
import "lib/quality.flow"
type Both { one: quality.Report, many: list[quality.Report] }
workflow main(n: int) -> bool {
  call checked = quality.check(n)
  task t -> Both { retry = quality.gentle; shell "echo ~{json(checked)}" }
  return t.one.ok and checked.ok
}
"""


def test_a_plan_holds_all_that_is_called_and_read() -> None:
    plan = planned(USE, FILES)
    assert list(plan.workflows) == ["main", "lib/quality.flow:check"]
    assert set(plan.sources) == {"test.flow", *FILES}
    assert plan.sources["lib/quality.flow"] == QUALITY
    child = plan.workflows["lib/quality.flow:check"]
    assert (child.name, child.file, child.line) == ("check", "lib/quality.flow", 5)
    assert plan.workflow.file == ""
    assert child.task("seen").body.code == "lib/look.py"
    assert plan.workflow.task("t").retry.retries == 2


def test_imports_start_at_the_importing_file() -> None:
    files = {
        "a/one.flow": 'flow 1\nimport "../b/two.flow"\nworkflow w -> int { call x = two.w(); return x }\n',
        "b/two.flow": 'flow 1\nimport "three.flow" as deep\nworkflow w -> int { call x = deep.w(); return x }\n',
        "b/three.flow": 'flow 1\nworkflow w -> int { task t -> int { shell "echo 1" }; return t }\n',
    }
    plan = planned('flow 1\nimport "a/one.flow"\nworkflow main -> int { call x = one.w(); return x }\n', files)
    assert list(plan.workflows) == ["main", "a/one.flow:w", "b/two.flow:w", "b/three.flow:w"]


def test_a_file_that_two_import_is_read_once() -> None:
    reads: list[str] = []

    class Counting:
        def read(self, path: str) -> str:
            reads.append(path)
            return {
                "left.flow": 'flow 1\nimport "base.flow"\nworkflow w(x: base.T) -> base.T { task t { shell "true" }; return x }\n',
                "right.flow": 'flow 1\nimport "base.flow" as b\nworkflow w(x: b.T) { task t { shell "echo ~{x.n}" } }\n',
                "base.flow": "flow 1\ntype T { n: int }\n",
            }[path]

    text = """flow 1
    import "left.flow"
    import "right.flow"
    workflow main {
      call l = left.w(x = { n = 1 })
      call r = right.w(x = l)
    }
    """
    found = compile_source(Source("test.flow", text), Counting())
    assert found.diagnostics == []
    assert reads.count("base.flow") == 1


def test_an_error_in_an_imported_file_is_shown_there() -> None:
    files = {"lib/bad.flow": 'flow 1\nworkflow w -> int { task t -> int { shell "echo ~{nothing}" }; return t }\n'}
    found = compiled('flow 1\nimport "lib/bad.flow"\nworkflow main -> int { call x = bad.w(); return x }\n', files)
    (diagnostic,) = found.diagnostics
    assert (diagnostic.code, diagnostic.path) == ("FLOW201", "lib/bad.flow")
    shown = render(found.diagnostics, found.sources)
    assert "lib/bad.flow:2:51" in shown
    assert '2 | workflow w -> int { task t -> int { shell "echo ~{nothing}" }; return t }' in shown
    assert found.plan is None


@pytest.mark.parametrize("broken", ["flow 1\nworkflow w {\n", "\0", "x: 1\ny: 2\n", "flow 1\nworkflow w(\n"])
def test_what_uses_a_broken_file_is_not_told(broken: str) -> None:
    text = """flow 1
    import "bad.flow"
    workflow main(x: bad.T) -> bad.T {
      call y = bad.w(a = x)
      task t -> str { retry = bad.p; shell "echo ~{y.z} ~{y}" }
      return y.value
    }
    """
    found = compiled(text, {"bad.flow": broken})
    assert {diagnostic.path for diagnostic in found.diagnostics} == {"bad.flow"}


def test_the_path_that_is_shown_starts_where_the_entry_is() -> None:

    files = Memory({"lib/bad.flow": "flow 1\nworkflow w { }\nx"})
    found = compile_source(Source("jobs/main.flow", 'flow 1\nimport "lib/bad.flow"\nworkflow m { }\n'), files)
    assert {diagnostic.path for diagnostic in found.diagnostics} == {"jobs/lib/bad.flow"}
    assert set(found.sources) == {"jobs/main.flow", "jobs/lib/bad.flow"}
    assert found.imports == ["lib/bad.flow"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('import "../up.flow"', "FLOW213"),
        ('import "/etc/passwd"', "FLOW213"),
        ('import "lib/../../up.flow"', "FLOW213"),
        ('import ""', "FLOW213"),
        ('import "lib\\\\quality.flow"', "FLOW213"),
        ('import "none.flow"', "FLOW213"),
        ('import "no name.flow"', "FLOW220"),
        ('import "test.flow" as me', "FLOW410"),
        ('import "chain/1.flow" as next', "FLOW411"),
        ('import "lib/quality.flow"\nimport "lib/quality.flow"', "FLOW202"),
    ],
)
def test_an_import_that_cannot_be(line: str, code: str) -> None:
    text = f'flow 1\n{line}\nworkflow main {{ task t {{ shell "true" }} }}\n'
    assert codes(text, {**FILES, **CHAIN, "no name.flow": "flow 1"}) == [code]


def test_a_circle_names_its_chain() -> None:
    files = {
        "a.flow": 'flow 1\nimport "b.flow"\nworkflow w { task t { shell "true" } }\n',
        "b.flow": 'flow 1\nimport "a.flow"\nworkflow w { call x = a.w() }\n',
    }
    found = compiled('flow 1\nimport "a.flow"\nworkflow main { call x = a.w() }\n', files)
    (diagnostic,) = found.diagnostics
    assert (diagnostic.code, diagnostic.path) == ("FLOW410", "b.flow")
    assert "a.flow -> b.flow -> a.flow" in diagnostic.hint


def test_many_files_are_bounded() -> None:
    class Bomb:
        """Every file imports two more."""

        reads = 0

        def read(self, path: str) -> str:
            self.reads += 1
            stem = path.removesuffix(".flow")
            return f'flow 1\nimport "{stem}0.flow"\nimport "{stem}1.flow"\n'

    bomb = Bomb()
    found = compile_source(Source("t.flow", 'flow 1\nimport "x.flow"\nworkflow w { task t { shell "true" } }\n'), bomb)
    assert [diagnostic.code for diagnostic in found.diagnostics] == ["FLOW411"]
    assert bomb.reads <= 500


def test_large_files_are_bounded() -> None:
    big = "flow 1\n" + "# " + "x" * (9 << 20) + "\n"
    files = {f"f{at}.flow": big for at in range(3)}
    imports = "\n".join(f'import "f{at}.flow"' for at in range(3))
    assert codes(f'flow 1\n{imports}\nworkflow w {{ task t {{ shell "true" }} }}\n', files) == ["FLOW411"]


def test_types_of_a_file_without_workflows() -> None:
    files = {"types.flow": "flow 1\ntype Order { id: str }\n"}
    text = 'flow 1\nimport "types.flow" as types\nworkflow w(o: types.Order) { task t { shell "echo ~{o.id}" } }\n'
    assert planned(text, files).workflow.params[0].type.names == ("id",)


def test_an_import_is_only_of_a_file() -> None:
    assert codes(in_workflow('import "x.flow"\ntask t { shell "true" }')) == ["FLOW111"]


def test_a_file_that_is_no_text() -> None:
    class Bytes:
        def read(self, path: str) -> str:
            return b"flow 1\n\xff".decode("utf-8")

    found = compile_source(
        Source("t.flow", 'flow 1\nimport "x.flow"\nworkflow w { task t { shell "true" } }\n'), Bytes()
    )
    (diagnostic,) = found.diagnostics
    assert diagnostic.code == "FLOW213"
    assert "byte 8 of it is not UTF-8 text" in diagnostic.message


def test_a_parameter_of_another_file_is_shown_there() -> None:
    found = compiled(USE.replace("check(n)", 'check("x")'), FILES)
    shown = render(found.diagnostics, found.sources)
    assert "::: lib/quality.flow:5:16" in shown
    assert "`int` is asked for here" in shown

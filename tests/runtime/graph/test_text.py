import pytest
from flow_runtime.graph import text
from flow_runtime.graph.model import Edge, Graph, Node, NodeState, graph_of
from flow_runtime.graph.text import to_text
from runtime.graph import workflows


def test_rails_join_each_task_to_what_needs_it():
    assert to_text(graph_of(workflows.nightly())) == (
        "○ nightly(day, regions)\n"
        "├─● fetch                shell · for region\n"
        "● │ release              python\n"
        "│ ├─● clean              shell · for orders\n"
        "│ ● │ audit              shell · for batch, order\n"
        "│ │ ● scored             call score · for t · when\n"
        "●─┴─╯ publish            python · when\n"
        "├─● mail                 shell\n"
        "○─╯ result: file?\n"
    )


def test_states_are_marked_and_named():
    states = {"fetch": NodeState("succeeded", 2, 2), "clean": NodeState("failed", 1, 2, 1, 2)}
    lines = to_text(graph_of(workflows.nightly(), states)).splitlines()
    assert lines[1] == "├─✓ fetch                shell · for region         ✓ succeeded · 2/2 done"
    assert lines[3] == "│ ├─✗ clean              shell · for orders         ✗ failed · 1/2 done, 1 failed · attempt 2"


def test_an_empty_workflow():
    assert to_text(graph_of(workflows.empty())) == "○ empty\n○ end\n"


def test_no_graph_at_all():
    assert to_text(Graph("none", (), ())) == ""


def test_a_hostile_name_stays_on_its_line():
    text = to_text(workflows.hostile())
    assert len(text.splitlines()) == len(workflows.HOSTILE)
    assert all(char.isprintable() for line in text.splitlines() for char in line)


def test_too_many_rails_become_a_list_with_parents_named():
    text = to_text(graph_of(workflows.layered(90, 30, 3)))
    assert len(text.splitlines()) == 92
    assert "<- t" in text
    assert max(map(len, text.splitlines())) < 200


def test_a_graph_that_is_too_wide_is_listed_and_not_drawn_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six thousand tasks side by side took half a minute, of which nothing was shown."""
    drawn: list[str] = []
    draw = text._Rails._row

    def row(rails: text._Rails, node: Node) -> str:
        drawn.append(node.id)
        return draw(rails, node)

    monkeypatch.setattr(text._Rails, "_row", row)
    names = [f"t{n}" for n in range(500)]
    nodes = [Node("in", "w", "start"), *(Node(name, name, "shell") for name in names), Node("out", "end", "finish")]
    edges = [Edge("in", name, "order") for name in names] + [Edge(name, "out", "order") for name in names]
    assert len(to_text(Graph("w", tuple(nodes), tuple(edges))).splitlines()) == 502
    assert 0 < len(drawn) <= text.MOST_RAILS + 2

from flow_runtime.graph.model import Graph, NodeState, graph_of
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

import subprocess
import sys

from flow_lang.plan import Task
from flow_runtime.graph.model import FINISH, START, Edge, NodeState, graph_of, layers_of
from runtime.graph import workflows


def test_every_need_is_an_edge_and_the_ends_hold_it_together():
    graph = graph_of(workflows.nightly())
    assert [node.id for node in graph.nodes][0::8] == [START, FINISH]
    assert Edge("fetch", "clean", "element") in graph.edges
    assert Edge("audit", "publish", "order") in graph.edges
    assert [edge for edge in graph.edges if edge.source == START] == [
        Edge(START, "fetch", "order"),
        Edge(START, "release", "order"),
    ]
    assert [edge for edge in graph.edges if edge.target == FINISH] == [
        Edge("publish", FINISH, "value"),
        Edge("mail", FINISH, "order"),
    ]


def test_a_node_says_what_its_task_is():
    nodes = {node.id: node for node in graph_of(workflows.nightly()).nodes}
    assert nodes[START].label == "nightly(day, regions)"
    assert nodes[FINISH].label == "result: file?"
    assert (nodes["audit"].kind, nodes["audit"].loop) == ("shell", "batch, order")
    assert nodes["publish"].conditional
    assert nodes["fetch"].state == ""


def test_states_are_shown_with_counts_of_a_loop_only():
    states = {"fetch": NodeState("failed", 37, 40, 1, 3), "release": NodeState("succeeded", 1, 1, 0, 1)}
    nodes = {node.id: node for node in graph_of(workflows.nightly(), states, "running").nodes}
    assert (nodes["fetch"].counts, nodes["fetch"].attempt) == ("37/40 done, 1 failed", 3)
    assert (nodes["release"].state, nodes["release"].counts) == ("succeeded", "")
    assert nodes["publish"].state == "blocked"


def test_an_empty_loop_that_succeeded_says_so():
    nodes = {n.id: n for n in graph_of(workflows.nightly(), {"fetch": NodeState("succeeded")}).nodes}
    assert nodes["fetch"].counts == "0/0 done"


def test_an_empty_workflow_has_its_two_ends():
    assert graph_of(workflows.empty()).edges == (Edge(START, FINISH, "order"),)


def test_layers_go_by_the_longest_way():
    layers = [[node.id for node in layer] for layer in layers_of(graph_of(workflows.nightly()))]
    assert layers[0] == [START]
    assert layers[1] == ["fetch", "release"]
    assert layers[-1] == [FINISH]
    assert layers[-3] == ["publish"]


def test_a_text_that_looks_like_a_reference_is_none():
    workflow = workflows.nightly()._replace(returns=["call", "count", ["lit", ["ref", "fetch"]]])
    assert Edge("fetch", FINISH, "value") not in graph_of(workflow).edges


def test_the_model_is_cheap_to_import():
    code = (
        "import sys, flow_runtime.graph.model; print([m for m in ('graphviz', 'networkx', 'lark') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_plan_still_has_what_a_drawing_reads():
    assert {"name", "body", "needs", "loop", "when", "doc"} <= set(Task._fields)

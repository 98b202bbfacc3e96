import json
import re
import shutil
import stat
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from flow_runtime.graph import render as renderer
from flow_runtime.graph.dot import to_dot
from flow_runtime.graph.mermaid import to_mermaid
from flow_runtime.graph.model import NodeState, graph_of
from flow_runtime.graph.render import FORMATS, MEDIA_TYPES, RenderError, render
from flow_runtime.graph.states import PLAIN, STYLES, style_of
from runtime.graph import workflows

SVG = "{http://www.w3.org/2000/svg}"
STATES = tuple(STYLES)


@pytest.mark.parametrize("workflow", [workflows.nightly(), workflows.empty()], ids=lambda w: w.name)
@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_draws(workflow, format_):
    drawn = render(graph_of(workflow, {"fetch": NodeState("running", 1, 2)}), format_)
    assert len(drawn) > 10
    assert format_ in MEDIA_TYPES
    if format_ == "png":
        assert drawn.startswith(b"\x89PNG")


def texts(svg: bytes) -> list[str]:
    return ["".join(element.itertext()) for element in xml.fromstring(svg).iter(f"{SVG}text")]


def test_svg_shows_names_states_and_counts_as_text():
    shown = texts(render(graph_of(workflows.nightly(), {"fetch": NodeState("failed", 37, 40, 1, 3)}), "svg"))
    assert "fetch" in shown
    assert "✗ failed · 37/40 done, 1 failed · attempt 3" in shown


def test_times_and_skipped_instances_are_shown():
    shown = texts(render(graph_of(workflows.nightly(), {"fetch": NodeState("succeeded", 5, 5, 0, 1, 2, 125.0)}), "svg"))
    assert "✓ succeeded · 5/5 done, 2 skipped · 2m05s" in shown


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_a_colour_and_a_word(state):
    svg = render(graph_of(workflows.nightly(), {"fetch": NodeState(state)}), "svg")
    assert STYLES[state].fill.encode() in svg
    assert any(state.replace("_", " ") in text for text in texts(svg))


def test_every_state_of_the_engine_has_a_look_of_its_own():
    expected = "blocked ready claimed running expanding waiting succeeded failed skipped cancelled upstream_failed"
    assert set(STATES) == set(expected.split())
    assert len({style.icon for style in STYLES.values()}) == len(STYLES)
    assert style_of("something newer") is PLAIN


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two `#rrggbb` colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("state", STATES)
def test_text_is_readable_on_its_colour(state):
    assert contrast(STYLES[state].fill, STYLES[state].text) >= 4.5


def test_a_for_task_is_drawn_doubled():
    lines = {line.split("[")[0].strip(): line for line in to_dot(graph_of(workflows.nightly())).splitlines()}
    assert "peripheries=2" in lines["n1"]
    assert "peripheries" not in lines["n2"]


def test_svg_has_titles_that_say_something():
    svg = render(graph_of(workflows.nightly(), {"fetch": NodeState("running", 1, 2)}, "running"), "svg")
    titles = [element.text for element in xml.fromstring(svg).iter(f"{SVG}title")]
    assert titles[0] == "Graph of nightly, running"
    assert "fetch: ► running · 1/2 done" in titles
    assert "fetch to clean" in titles
    assert not [title for title in titles if re.match(r"n\d", title or "")]
    assert xml.fromstring(svg).get("aria-label") == "Graph of nightly, running"


def boxes(svg: bytes) -> list[tuple[float, float, list[xml.Element]]]:
    """Left and right edge of each node, and its lines of text."""
    found = []
    for group in xml.fromstring(svg).iter(f"{SVG}g"):
        if (group.get("id") or "").startswith("node-"):
            places = [
                float(x) for path in group.iter(f"{SVG}path") for x in re.findall(r"(-?[\d.]+),", path.get("d", ""))
            ]
            found.append((min(places), max(places), list(group.iter(f"{SVG}text"))))
    return found


def test_lines_of_a_wider_font_keep_their_margin_at_both_sides():
    """They began where they do in Helvetica, so that in another font the last line touched the right edge."""
    graph = graph_of(workflows.nightly(), {"fetch": NodeState("failed", 1037, 2040, 1, 3, 2, 125.0)})
    drawn = boxes(render(graph, "svg"))
    laid_out = boxes(renderer._laid_out(["-Tsvg"], to_dot(graph).encode(), 30))
    assert len(drawn) == len(laid_out) == len(graph.nodes)
    for (left, right, lines), (_, _, measured) in zip(drawn, laid_out, strict=True):
        centre = (left + right) / 2
        assert {line.get("text-anchor") for line in lines} == {"middle"}
        assert [float(line.get("x")) for line in lines] == pytest.approx([centre] * len(lines), abs=0.1)
        widest = max(2 * (centre - float(line.get("x"))) for line in measured)
        assert right - left >= 1.14 * widest + 12


def test_hostile_names_are_text_in_svg_and_nothing_else():
    svg = render(workflows.hostile(), "svg")
    tags = {element.tag.removeprefix(SVG) for element in xml.fromstring(svg).iter()}
    assert tags <= {"svg", "g", "title", "text", "path", "polygon", "polyline"}
    shown = "\n".join(texts(svg))
    assert "<script>alert(1)</script>" in shown
    assert 'a "quoted" name' in shown
    assert r"\N \G \L \n \\" in shown
    assert "<b>html</b>" in shown


@pytest.mark.parametrize("format_", FORMATS)
def test_hostile_names_break_no_format(format_):
    assert render(workflows.hostile(), format_)


def test_hostile_names_stay_inside_mermaids_quotes():
    for line in to_mermaid(workflows.hostile()).splitlines():
        assert line.count('"') in (0, 2)
        assert "<script" not in line


def test_json_holds_the_whole_graph():
    shown = json.loads(
        render(graph_of(workflows.nightly(), {"clean": NodeState("running", 1, 2, seconds=1.5)}, "running"), "json")
    )
    assert (shown["name"], shown["state"], len(shown["nodes"])) == ("nightly", "running", 9)
    assert {"source": "fetch", "target": "clean", "how": "element"} in shown["edges"]
    assert shown["nodes"][3] | {"label": "", "kind": ""} == {
        "id": "clean",
        "label": "",
        "kind": "",
        "loop": "orders",
        "conditional": False,
        "state": "running",
        "counts": "1/2 done",
        "attempt": 0,
        "doc": "",
        "function": "",
        "phase": "",
        "seconds": 1.5,
    }


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.timeout(60)
def test_five_hundred_tasks(format_):
    assert render(graph_of(workflows.layered(500, 25, 2)), format_)


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(RenderError, match="svg, png, dot"):
        render(graph_of(workflows.empty()), "gif")


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_dot_on_the_path_comes_first(tmp_path, monkeypatch):
    mine = program(tmp_path, "dot", "cat > /dev/null; echo '<svg/>'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert renderer.layout_command() == str(mine)
    assert render(graph_of(workflows.empty()), "png") == b"<svg/>\n"


def test_without_dot_the_wheel_draws(monkeypatch):
    monkeypatch.setattr(renderer, "_beside_python", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: name if "/" in name else None)
    assert Path(renderer.layout_command()).name == "graphviz-pure"


def test_without_any_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(RenderError, match="pip install graphviz-pure"):
        render(graph_of(workflows.empty()), "png")


def test_a_layout_that_hangs_is_ended(tmp_path, monkeypatch):
    program(tmp_path, "dot", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(RenderError, match=r"more than 0\.2 s"):
        render(graph_of(workflows.empty()), "svg", timeout=0.2)


def test_a_layout_that_fails_says_what_it_said(tmp_path, monkeypatch):
    program(tmp_path, "dot", "cat > /dev/null; echo 'no such plugin' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(RenderError, match="no such plugin"):
        render(graph_of(workflows.empty()), "svg")

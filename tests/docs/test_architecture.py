from pathlib import Path

from flow_engine.states import TRANSITIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"


def test_the_drawn_state_machine_is_the_one_in_the_code() -> None:
    drawing = PAGE.read_text().split("```mermaid")[1].split("```")[0]
    drawn = {tuple(line.split(" --> ")) for line in map(str.strip, drawing.splitlines()) if " --> " in line}
    assert drawn - {("[*]", "blocked")} == {(old, new) for old, news in TRANSITIONS.items() for new in news}

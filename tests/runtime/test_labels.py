"""What people are told of tasks that need labels, and which labels a worker has."""

from collections.abc import Collection

import pytest
from flow_cli.backends.server_reads import ServerReads
from flow_engine.errors import Refused
from flow_engine.model import Ask, Hint, Room, TaskRecord, TaskRef, unclaimed
from flow_lang.plan import Body, Plan
from flow_runtime.labels import LabelWaits, missing
from flow_runtime.news import spare_of
from flow_runtime.state_folder import StateFolder, need_labels, state_at
from flow_server.supervisor import worker_command
from support.plans import each, plan, task

BOTH = ("ssd", "gpu")


class Workers:
    """Those that live, each with its labels; None: labels do not count."""

    def __init__(self, *workers: str) -> None:
        self.told: list[set[str]] | None = [{*one.split()} for one in workers]
        self.asked = 0

    def has_labels(self, labels: Collection[str]) -> bool | None:
        self.asked += 1
        return None if self.told is None else any(one.issuperset(labels) for one in self.told)


def made() -> Plan:
    wait = task("w", labels=BOTH)._replace(body=Body("wait", function="event"))
    return plan(task("a", labels=BOTH), each("b", "a", labels=("gpu",)), task("c"), wait)


def row(node: int, state: str = "ready", place: int | None = None) -> TaskRecord:
    return unclaimed(node, node, place, state)


@pytest.mark.parametrize(
    ("workers", "text"),
    [
        ((), "a worker with the labels gpu, ssd, and none lives"),
        (("gpu", "ssd", ""), "a worker with the labels gpu, ssd, and none lives"),
        (("", "ssd x gpu"), "a worker with the labels gpu, ssd"),
    ],
)
def test_what_a_ready_task_waits_for(workers: tuple[str, ...], text: str) -> None:
    waits = LabelWaits(Workers(*workers))
    assert waits.text(made(), row(0)) == text
    assert waits.remedy(made(), row(0)) == ("flow worker --label gpu --label ssd" if "none" in text else "")


def test_an_instance_waits_for_the_labels_of_its_task_and_its_list_for_none() -> None:
    waits = LabelWaits(Workers())
    assert waits.text(made(), row(1)) == ""
    assert waits.text(made(), row(1, place=0)) == "a worker with the label gpu, and none lives"


def test_another_attempt_waits_for_its_time_first() -> None:
    waits = LabelWaits(Workers())
    waiting = row(0, "waiting")
    assert waits.text(made(), waiting._replace(ready_at=1e12)) == ""
    assert waits.text(made(), waiting._replace(ready_at=1.0)) != ""
    assert waits.text(made(), waiting._replace(ready_at=1.0, awaits='["event", "x", "", null]')) == ""


@pytest.mark.parametrize("found", [row(2), row(3), row(0, "running"), row(0, "blocked"), row(0, "succeeded")])
def test_others_wait_for_no_labels(found: TaskRecord) -> None:
    assert LabelWaits(Workers()).text(made(), found) == ""


def test_on_one_machine_nothing_waits_for_labels() -> None:
    workers = Workers()
    workers.told = None
    assert LabelWaits(workers).text(made(), row(0)) == LabelWaits(workers).remedy(made(), row(0)) == ""
    assert list(missing(workers, made())) == []


def test_each_set_of_labels_is_asked_for_once() -> None:
    workers = Workers()
    waits = LabelWaits(workers)
    assert len({waits.text(made(), row(1, place=place)) for place in range(50)}) == 1
    assert workers.asked == 1


def test_what_is_told_when_a_run_is_begun() -> None:
    assert list(missing(Workers("gpu"), made())) == [
        "no worker with the labels gpu, ssd lives, which `a` needs; start one: flow worker --label gpu --label ssd"
    ]
    assert list(missing(Workers("gpu ssd"), made())) == []
    (told,) = missing(Workers(), plan(task("a", labels=("big gpu",))))
    assert told.endswith("flow worker --label 'big gpu'")


def test_labels_come_from_the_environment_and_go_to_the_workers_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_LABELS", " ssd, gpu,,gpu ")
    state = state_at("/tmp/none")
    assert state.labels == ("gpu", "ssd")
    assert worker_command(state, 2)[-4:] == ["--label=gpu", "--label=ssd", "--slots", "2"]
    monkeypatch.delenv("FLOW_LABELS")
    assert state_at("/tmp/none").labels == StateFolder("/tmp/none").labels == ()


@pytest.mark.parametrize("wrong", ["", " ", "x" * 201])
def test_a_label_that_no_task_can_need(wrong: str) -> None:
    with pytest.raises(Refused, match="a label has 1 to 200 characters"):
        need_labels(["gpu", wrong])
    assert need_labels(["a, b", "gpu", "gpu"]) == ("a, b", "gpu")


def test_the_room_that_is_left_after_what_was_asked_for() -> None:
    rooms = [Room("r", "w2", 3, BOTH), Room("q", "w2", 1), Room("r", "w3", 2), Room("r", "w1", 9)]
    asks = [Ask(Hint(0.0, 0.0, TaskRef("r", seq)), worker) for seq, worker in enumerate(["w2", "w2", "w3", "w3"])]
    assert spare_of("w1", rooms, asks) == [Room("r", "w2", 1, BOTH), Room("q", "w2", 1)]
    assert spare_of("w1", rooms, []) == rooms[:3]


class OfServer:
    def __init__(self, *workers: dict[str, object]) -> None:
        self._workers = workers

    def workers(self) -> list[dict[str, object]]:
        return [*self._workers]


def test_a_server_tells_the_labels_of_its_workers_where_they_count() -> None:
    def has(*workers: dict[str, object]) -> bool | None:
        return ServerReads(OfServer(*workers)).has_labels(BOTH)  # type: ignore[arg-type]

    assert has({"worker": "a"}) is None
    assert has({"worker": "a", "labels": []}, {"worker": "b", "labels": ["ssd"]}) is False
    assert has({"worker": "a", "labels": []}, {"worker": "b", "labels": ["ssd", "x", "gpu"]}) is True

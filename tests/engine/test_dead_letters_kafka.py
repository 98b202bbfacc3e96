"""Dead letters through a real broker. The run prints which one it was."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from flow_engine.dead_letters.kafka import KafkaExporter
from flow_engine.errors import ExportDown
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.relays.dead_letters import DeadLetterRelay
from support.kafka import Broker, open_broker
from support.letters import failed_runs
from support.tied import tied
from support.valkey import free_port


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("kafka")
    found = open_broker(folder)
    if found.is_ours:
        found.start(folder / "broker.log")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\ndead letters are tested with {found.what}", file=sys.stderr, flush=True)
    yield found
    found.kill()


@pytest.fixture
def topic() -> str:
    return f"letters.{uuid4().hex}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    found = SqliteStore(str(tmp_path / "flow.db"))
    yield found
    found.close()


@pytest.fixture
def exporter(broker: Broker) -> Iterator[KafkaExporter]:
    found = KafkaExporter(broker.servers)
    yield found
    found.close()


def consumed(broker: Broker, topic: str, wanted: set[str], seconds: float = 60.0) -> list[ConsumerRecord]:
    """All records of a topic, once these ids have come."""

    async def read() -> list[ConsumerRecord]:
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker.servers, auto_offset_reset="earliest")
        await consumer.start()
        records: list[ConsumerRecord] = []
        try:
            end = time.monotonic() + seconds
            while not wanted <= {id_of(record) for record in records}:
                assert time.monotonic() < end, f"{len(records)} records came, {len(wanted)} letters are wanted"
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
            for batch in (await consumer.getmany(timeout_ms=300)).values():
                records += batch
        finally:
            await consumer.stop()
        return records

    return asyncio.run(read())


def id_of(record: ConsumerRecord) -> str:
    return str(dict(record.headers)["flow-id"].decode())


def deliver(relay: DeadLetterRelay, store: SqliteStore, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while store.letters.backlog().letters:
        assert time.monotonic() < end
        if not relay.step():
            time.sleep(0.05)


def test_a_letter_has_its_key_its_headers_and_its_payload(
    broker: Broker, store: SqliteStore, exporter: KafkaExporter, topic: str
) -> None:
    ids = failed_runs(store, 40, lambda number: topic)
    deliver(DeadLetterRelay(store.letters, exporter, "relay"), store)
    records = consumed(broker, topic, set(ids))
    assert sorted(map(id_of, records)) == sorted(ids)
    for record in records:
        document, headers = json.loads(record.value), dict(record.headers)
        assert record.key.decode() == document["run"]
        assert headers["flow-task"] == b"a"
        assert headers["flow-attempt"] == b"1"
        assert headers["flow-error-code"] == b"exit_1"
        assert document["error"]["message"] == "it broke"
        assert document["id"] == id_of(record)
    assert exporter.idempotent is broker.idempotent


def test_while_kafka_is_down_letters_wait_and_none_is_lost(
    broker: Broker, store: SqliteStore, topic: str, tmp_path: Path
) -> None:
    """It is killed with kill -9, between two batches of a producer that stays; one that is not ours is asked at a wrong address meanwhile."""
    told: list[str] = []
    ids = failed_runs(store, 120, lambda number: topic)
    exporter = KafkaExporter(broker.servers, patience=3.0)
    relay = DeadLetterRelay(store.letters, exporter, "relay", tell=told.append)
    assert relay.step() == 100
    broker.kill()
    away = exporter if broker.is_ours else KafkaExporter(f"127.0.0.1:{free_port()}")
    ids += failed_runs(store, 60, lambda number: topic, first=200)  # work goes on
    down = DeadLetterRelay(store.letters, away, "relay", tell=told.append)
    assert down.step() == 0
    assert store.letters.backlog().letters == 80
    assert "dead letters wait until" in told[0]
    if broker.is_ours:
        broker.start(tmp_path / "again.log")
    deliver(relay, store)
    for opened in {exporter, away}:
        opened.close()
    wanted = set(ids if broker.durable else ids[100:])
    assert set(map(id_of, consumed(broker, topic, wanted))) == wanted


RELAY = """
import sys
from flow_engine.dead_letters.kafka import KafkaExporter
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.relays.dead_letters import DeadLetterRelay
store = SqliteStore(sys.argv[1])
DeadLetterRelay(store.letters, KafkaExporter(sys.argv[2]), "killed").step()
"""


def test_a_relay_that_is_killed_after_the_delivery_delivers_again_under_the_same_ids(
    broker: Broker, store: SqliteStore, exporter: KafkaExporter, topic: str, tmp_path: Path
) -> None:
    ids = failed_runs(store, 10, lambda number: topic)
    killed = subprocess.run(
        tied(sys.executable, "-c", RELAY, str(tmp_path / "flow.db"), broker.servers),
        env={**os.environ, "FLOW_CRASH_AT": "relay.exported"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "killed at relay.exported" in killed.stderr
    assert store.letters.backlog().letters == 10
    later = DeadLetterRelay(store.letters, exporter, "later", lambda: time.time() + 1000.0)
    assert later.step() == 10
    records = consumed(broker, topic, set(ids))
    assert sorted(map(id_of, records)) == sorted(ids * 2)
    assert len({record.value for record in records}) == 10


def test_a_topic_that_the_broker_refuses_holds_up_no_other(broker: Broker, store: SqliteStore, topic: str) -> None:
    exporter, told = KafkaExporter(broker.servers, patience=2.0), []
    failed_runs(store, 3, lambda number: topic if number != 1 else "..")
    relay = DeadLetterRelay(store.letters, exporter, "relay", tell=told.append)
    delivered = relay.step()
    exporter.close()
    if delivered == 3:
        pytest.skip(f"{broker.what} takes any topic")
    assert delivered == 2
    assert "run-1:0:1 was not taken by topic .." in told[0]
    assert {*map(id_of, consumed(broker, topic, {"run-0:0:1", "run-2:0:1"}))} == {"run-0:0:1", "run-2:0:1"}


def test_an_address_where_nobody_listens_is_told_with_the_remedy(store: SqliteStore) -> None:
    exporter = KafkaExporter(f"127.0.0.1:{free_port()}")
    failed_runs(store, 1)
    with pytest.raises(ExportDown, match=r"Kafka at 127\.0\.0\.1:\d+ does not answer .*start the broker"):
        exporter.send(store.letters.claim("relay", 1, 5000.0, 5100.0))
    exporter.close()

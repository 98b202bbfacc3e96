"""Delivers dead letters to Kafka: the broker has each on all replicas in sync (`acks=all`), once where it knows idempotent producers.

The producer lives in an event loop of its own, which runs during a call alone; between two calls its connections rest.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from flow_engine.dead_letters.contract import Letter
from flow_engine.dead_letters.payload import headers, payload
from flow_engine.errors import ExportDown, MissingLibrary

try:
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import (
        KafkaError,
        UnknownError,
        UnsupportedVersionError,
    )
except ImportError as error:
    raise MissingLibrary("aiokafka", "kafka", "the export of dead letters to Kafka") from error

PATIENCE = 20.0
"""Seconds that the delivery of a batch may take, with all that the producer tries again."""
START = 10.0
"""Seconds that a broker may take to answer for the first time."""
_NOT_IDEMPOTENT = (UnsupportedVersionError, UnknownError)
"""How brokers answer that do not know idempotent producers."""


class KafkaExporter:
    """`servers` is `host:port,host:port`; `settings` are further ones of aiokafka's producer (security_protocol, sasl_mechanism and so on).
    `idempotent` tells, after the first delivery, whether the broker leaves out what the producer sends twice."""

    def __init__(self, servers: str, patience: float = PATIENCE, **settings: Any) -> None:
        self._servers = servers
        self._patience = patience
        self._settings = settings
        self._runner = asyncio.Runner()
        self._producer: AIOKafkaProducer | None = None
        self.idempotent: bool | None = None

    def send(self, letters: Sequence[Letter]) -> list[str | None]:
        return self._runner.run(self._send(letters))

    def close(self) -> None:
        self._runner.run(self._stop())
        self._runner.close()

    async def _send(self, letters: Sequence[Letter]) -> list[str | None]:
        producer = self._producer or await self._start()
        tasks = [asyncio.ensure_future(_deliver(producer, letter)) for letter in letters]
        done, late = await asyncio.wait(tasks, timeout=self._patience)
        none = f"no answer in {self._patience:g} s"
        answers = [_answer(task) if task in done else none for task in tasks]
        if late or any(answers):
            await self._abort(producer)  # what is still under way goes with it, and the next batch starts anew
        if len(late) == len(tasks):
            raise ExportDown(f"Kafka at {self._servers} gave {none}; dead letters wait until it takes them")
        return answers

    async def _start(self) -> AIOKafkaProducer:
        if self.idempotent is not False:
            try:
                self._producer = await self._started(idempotent=True)
            except _NOT_IDEMPOTENT:
                self.idempotent = False  # a broker that knows none: what is sent twice is there twice, under one id
            else:
                self.idempotent = True
                return self._producer
        self._producer = await self._started(idempotent=False)
        return self._producer

    async def _started(self, idempotent: bool) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            client_id="flow-dead-letters",
            acks="all",
            enable_idempotence=idempotent,
            request_timeout_ms=int(self._patience * 1000),
            **self._settings,
        )
        try:
            await asyncio.wait_for(producer.start(), START)
        except _NOT_IDEMPOTENT:
            await producer.stop()
            raise
        except (KafkaError, OSError, TimeoutError) as error:
            await producer.stop()
            raise ExportDown(
                f"Kafka at {self._servers} does not answer ({type(error).__name__}: {error}); dead letters wait until it does; "
                "start the broker, or mend the address or the network"
            ) from error
        return producer

    async def _stop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _abort(self, producer: AIOKafkaProducer) -> None:
        """Ends a producer that may have something left, for which `stop` would wait without end: an idempotent one never gives up. All
        tasks of this loop are its own."""
        for _ in range(2):  # the second time, what `stop` has begun
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            await self._stop()


async def _deliver(producer: AIOKafkaProducer, letter: Letter) -> None:
    """The key is the run: what concerns a run is in one partition, in the order in which it was sent."""
    await producer.send_and_wait(letter.topic, payload(letter), key=letter.run.encode(), headers=headers(letter))


def _answer(task: "asyncio.Future[None]") -> str | None:
    error = task.exception()
    if error is None:
        return None
    if not isinstance(error, KafkaError | OSError | ValueError):
        raise error
    return f"{type(error).__name__}: {error}"

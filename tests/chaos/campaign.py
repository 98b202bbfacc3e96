"""Runs by the thousand on a cluster to which everything happens that may happen, and what may never be seen afterwards.

PYTHONPATH=tests python -m chaos.campaign --minutes 20 --seed 7
"""

import argparse
import asyncio
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from crash_points.scenarios import HEAD, RETRY, shell
from flow_cli.backends.new_run import new_run
from flow_engine.errors import StoreError
from flow_engine.model import NewRun
from flow_engine.stores.postgres import PostgresStore
from flow_engine.stores.shared import LEASE
from flow_runtime.plans import Loaded, load_plan
from flow_runtime.schedules.specs import deployment
from kills.programs import Program, random_program
from simulation.checker import Violation
from support.effects import check_state, read_effects
from support.waiting import until

from chaos.cluster import Cluster, Role

PROGRAMS = 12
BATCH = 10
"""Runs that are submitted together."""
WAITING = 60
"""Runs that have not ended, from which on no more are submitted."""
CALM = (0.3, 2.5)
"""Seconds between two faults."""
CRASH_POINTS = (
    "tick.before_commit",
    "tick.after_commit",
    "adopt.after_commit",
    "finish.before_commit",
    "finish.after_commit",
    "mail.before_commit",
    "mail.after_commit",
    "worker.adopting",
    "worker.claimed",
    "worker.sent",
    "worker.answered",
    "worker.finishing",
    "worker.child",
    "slot.started",
    "slot.ended",
    "guardian.forked",
)
TRIED, LABELLED = "on = [crashed])", '; labels = ["gpu"]'
POOL = "pool few { slots = 3 }\n  "
SCHEDULE = f"""{HEAD}workflow tick {{
  schedule = cron("* * * * *")
  task t {{ {shell()} }}
}}
"""


class Chaos:
    """One campaign. What is done follows from `seed`; the moments are the machine's."""

    def __init__(self, folder: Path, seed: int, cluster: Cluster) -> None:
        self.draw = random.Random(seed)
        self.folder = folder
        self.cluster = cluster
        self.counts: Counter[str] = Counter()
        self.accepted: dict[str, Program] = {}
        self._programs = [self._compiled(number) for number in range(PROGRAMS)]
        self._back: list[tuple[float, Callable[[], None]]] = []
        """What ends a fault, and when."""

    def run(self, seconds: float) -> None:
        """Faults for so long, then calm until all has ended; raises Violation."""
        self._deploy()
        self.cluster.start()
        end = time.monotonic() + seconds
        fault_at = time.monotonic() + 2.0
        while time.monotonic() < end:
            self._submit()
            self._end_faults(time.monotonic())
            if time.monotonic() >= fault_at:
                self._fault()
                fault_at = time.monotonic() + self.draw.uniform(*CALM)
            self._revive()
            time.sleep(0.05)
        self._calm()
        self._check()

    # -- work

    def _compiled(self, number: int) -> tuple[Program, Loaded]:
        program = random_program(self.draw)
        if number % 2:
            program = program._replace(source=_pooled(program.source))
        if number % 3 == 1:
            program = program._replace(source=_labelled(program.source))
        path = self.folder / f"w{number}.flow"
        path.write_text(program.source)
        return program, load_plan(str(path), "w", None)

    def _deploy(self) -> None:
        path = self.folder / "tick.flow"
        path.write_text(SCHEDULE)
        found = deployment(load_plan(str(path), "tick", None), time.time())
        with closing(self.cluster.store()) as store:
            store.deploy(found)

    def _submit(self) -> None:
        """Under keys, so that what was accepted and not answered is not submitted twice."""
        try:
            with closing(PostgresStore(self.cluster.url, patience=0.0)) as store:
                if self._open(store) >= WAITING:
                    return
                news = [self._new(store) for _ in range(BATCH)]
                submitted = store.submit_all([new for _, new in news])
        except StoreError:
            self.counts["submissions refused"] += 1
            return
        for (program, _), answer in zip(news, submitted, strict=True):
            self.accepted[answer.run] = program

    def _open(self, store: PostgresStore) -> int:
        counts = store.census().runs
        return sum(counts.get(state, 0) for state in ("queued", "running"))

    def _new(self, store: PostgresStore) -> tuple[Program, NewRun]:
        program, loaded = self.draw.choice(self._programs)
        new = new_run(store.newest(), loaded, {"flag": self.draw.random() < 0.5})
        return program, new._replace(idempotency_key=new.id)

    # -- faults

    def _fault(self) -> None:
        faults = [
            *[self._kill] * 8,
            *[self._crash] * 5,
            self._stop_postgres,
            self._flush,
            self._stop_valkey,
            self._stop_kafka,
            self._pause,
        ]
        self.draw.choice(faults)()

    def _kill(self) -> None:
        role = self.draw.choice(self.cluster.roles)
        if role.alive and not role.stopped_at:
            role.kill()
            self.counts[f"kill -9 of a {role.name.rstrip('0123456789')}"] += 1

    def _crash(self) -> None:
        """Another worker in its place, which ends itself at a point."""
        role, point = self.draw.choice(self.cluster.workers), self.draw.choice(CRASH_POINTS)
        if role.alive and not role.stopped_at:
            role.kill()
            role.start(f"{point}:{self.draw.randint(1, 5)}")
            self.counts["crash points"] += 1

    def _stop_postgres(self) -> None:
        self.cluster.restart_postgres(self.draw.uniform(0.2, 3.0))
        self.counts["PostgreSQL stopped"] += 1

    def _flush(self) -> None:
        if not self._is_away("valkey"):
            with self.cluster.valkey.client() as client:
                client.flushall()
            self.counts["Redis FLUSHALL"] += 1

    def _stop_valkey(self) -> None:
        if not self._is_away("valkey"):
            self.cluster.valkey.kill()
            self._later(self.draw.uniform(0.5, 6.0), self._start_valkey)
            self.counts["Redis killed"] += 1

    def _start_valkey(self) -> None:
        self.cluster.valkey.start()

    def _stop_kafka(self) -> None:
        broker = self.cluster.broker
        if broker is not None and broker.durable and broker.is_ours and not self._is_away("kafka"):
            broker.kill()
            self._later(self.draw.uniform(1.0, 8.0), self._start_kafka)
            self.counts["Kafka killed"] += 1

    def _start_kafka(self) -> None:
        assert self.cluster.broker is not None
        self.cluster.broker.start(self.folder / "kafka" / "log")

    def _pause(self) -> None:
        """Past its lease, and then it goes on as if nothing had been."""
        role = self.draw.choice(self.cluster.workers)
        if role.alive and not any(worker.stopped_at for worker in self.cluster.workers):
            role.signal(signal.SIGSTOP)
            role.stopped_at = time.monotonic()
            self._later(self.cluster.lease + self.draw.uniform(1.0, 4.0), lambda: self._go_on(role))
            self.counts["SIGSTOP past the lease"] += 1

    def _go_on(self, role: Role) -> None:
        role.signal(signal.SIGCONT)
        role.stopped_at = 0.0

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._back.append((time.monotonic() + seconds, what))

    def _is_away(self, what: str) -> bool:
        starts = {"valkey": self._start_valkey, "kafka": self._start_kafka}
        return any(back == starts[what] for _, back in self._back)

    def _end_faults(self, now: float) -> None:
        due = [entry for entry in self._back if entry[0] <= now]
        self._back = [entry for entry in self._back if entry[0] > now]
        for _, back in due:
            back()

    def _revive(self) -> None:
        for role in self.cluster.roles:
            if not role.alive:
                role.reap()
                role.start()

    def _calm(self) -> None:
        self._end_faults(float("inf"))
        self._revive()
        with closing(self.cluster.store()) as store:
            store.pause_schedule(
                "tick", time.time()
            )  # a run that begins while the bodies' log is read seems to have had none

        def ended() -> bool:
            self._revive()  # one may still be on its way to its crash point
            with closing(self.cluster.store()) as store:
                return not self._open(store)

        try:
            until(ended, seconds=120, what="the end of all runs")
        except AssertionError as error:
            error.add_note(self._stuck())
            raise

    def _stuck(self) -> str:
        with closing(self.cluster.store()) as store:
            runs = "SELECT no, id, state, owner, cancel_requested_at FROM run WHERE finished_at IS NULL"
            tasks = """SELECT t.run, t.seq, t.state, t.attempt, t.worker, t.awaits, t.unmet, t.ready_at FROM task t JOIN run r ON r.no = t.run
                WHERE r.finished_at IS NULL AND t.state NOT IN ('succeeded', 'blocked') ORDER BY 1, 2"""
            told = [f"{name}: {store._rows(sql, ())}" for name, sql in (("runs", runs), ("tasks", tasks))]
            told.append(f"mail: {store._rows('SELECT * FROM mail', ())}")
            told.append(
                f"workers: {store._rows('SELECT incarnation, clock_timestamp() - heartbeat_at FROM worker', ())}"
            )
        return "\n".join(told)

    # -- what may never be seen

    def _check(self) -> None:
        with closing(self.cluster.store()) as store:
            if self.cluster.relays:
                until(lambda: not store.letters.backlog().letters, seconds=120, what="the delivery of all dead letters")
            records = check_state(store, read_effects(self.folder / "effects"))
            known = {record.id for record in records}
            lost = self.accepted.keys() - known
            if lost:
                raise Violation(f"accepted and not kept: {sorted(lost)}")
            for record in records:
                self.counts[f"runs {record.state}"] += 1
                self.counts["tasks"] += len(store.tasks(record.id))
            self.counts["firings"] = self._check_firings(store)
            self._check_failures(store)
            held = store._rows("SELECT run, seq, held FROM task WHERE held IS NOT NULL", ())
            if held:
                raise Violation(f"slots of a pool that were not given back: {held}")
            letters = _letters(store)
        if self.cluster.relays:
            self._check_delivered(letters)
        self._check_left()

    def _check_failures(self, store: PostgresStore) -> None:
        """What fails for certain has failed, and what does not has failed by a body that was killed alone."""
        for run, program in self.accepted.items():
            state = store.run(run).state
            if program.fails != (state == "failed"):
                errors = [row.error or "" for row in store.tasks(run)]
                if program.fails or not any("crashed" in error or "worker_lost" in error for error in errors):
                    raise Violation(f"{run} has {state}: {errors}")

    def _check_firings(self, store: PostgresStore) -> int:
        keys = [row[0] for row in store._rows("SELECT idempotency_key FROM run WHERE workflow = 'tick'", ())]
        if len(keys) != len(set(keys)):
            raise Violation(f"an instant was fired twice: {keys}")
        return len(keys)

    def _check_delivered(self, letters: set[str]) -> None:
        broker = self.cluster.broker
        assert broker is not None
        found = asyncio.run(_consumed(broker.servers, len(letters)))
        if letters - found:
            raise Violation(f"{len(letters - found)} dead letters were not delivered: {sorted(letters - found)[:5]}")
        self.counts["dead letters"] = len(letters)

    def _check_left(self) -> None:
        codes = self.cluster.end()
        wrong = {name: code for name, code in codes.items() if code}
        if wrong:
            raise Violation(f"not drained: {wrong}")
        until(lambda: self.cluster.bodies() == [], seconds=15, what="the end of all processes")


def _pooled(source: str) -> str:
    """All tasks of the workflow behind one pool, which all workers and all programs share: a slot that leaked would stop them."""
    head, tail = source.split("workflow w(", 1)
    return f"{head}workflow w({tail.replace(RETRY, POOL + RETRY.replace(' }', '; pool = few }'), 1)}"


def _labelled(source: str) -> str:
    """All bodies of the workflow on workers that have a label, also those of what handles its end."""
    head, tail = source.split("workflow w(", 1)
    return f"{head}workflow w({tail.replace(TRIED, TRIED + LABELLED, 1)}"


def _letters(store: PostgresStore) -> set[str]:
    rows = store._rows("SELECT run, seq, attempt FROM dead_letter WHERE replayed_at IS NULL", ())
    return {f"{run}:{seq}:{attempt}" for run, seq, attempt in rows}


async def _consumed(servers: str, wanted: int) -> set[str]:
    consumer = AIOKafkaConsumer("flow.dead_letters", bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    found: set[str] = set()
    try:
        end = time.monotonic() + 60
        while len(found) < wanted and time.monotonic() < end:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found |= {dict(record.headers)["flow-id"].decode() for record in batch}
    finally:
        await consumer.stop()
    return found


def campaign(minutes: float, seed: int, folder: Path, lease: float = LEASE) -> Counter[str]:
    """Raises Violation, with what the roles told."""
    cluster = Cluster(folder, lease=lease, labels={1: ["gpu"], 2: ["gpu"]})
    try:
        chaos = Chaos(folder, seed, cluster)
        if cluster.broker is not None:
            print(f"Kafka: {cluster.broker.what}", flush=True)
        try:
            chaos.run(minutes * 60)
        except BaseException as error:
            error.add_note(f"seed {seed}: {dict(chaos.counts)}")
            for role in cluster.roles:
                error.add_note(f"{role.name}: {role.told()}")
            raise
        return chaos.counts
    finally:
        cluster.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chaos.campaign")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--lease", type=float, default=LEASE, help="Seconds.")
    parser.add_argument("--keep", help="A folder that stays.")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    began = time.monotonic()
    if given.keep:
        os.makedirs(given.keep)
        total = campaign(given.minutes, given.seed, Path(given.keep), given.lease)
    else:
        with tempfile.TemporaryDirectory(prefix="flow-chaos-") as folder:
            total = campaign(given.minutes, given.seed, Path(folder), given.lease)
    counts = ", ".join(f"{count:,} {what}" for what, count in sorted(total.items()))
    print(f"{time.monotonic() - began:.0f} s: {counts}; nothing wrong")


if __name__ == "__main__":
    main()

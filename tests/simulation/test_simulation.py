"""Some seeds of the simulation on each store, others each time, and on PostgreSQL also with a queue in Redis that the workers share.
`FLOW_SIMULATION_SEED=n` runs that one alone; campaign.py runs thousands."""

import hashlib
import os
import random
from collections import Counter

import pytest
from flow_engine.decisions import books
from flow_engine.errors import FlowError
from flow_engine.queues.redis import scripts
from flow_engine.queues.redis.scripts import Script
from flow_engine.stores.postgres.session import Session

from simulation.campaign import simulate
from simulation.checker import Violation
from simulation.server_faults import FAULTS, TRIED

GIVEN = os.environ.get("FLOW_SIMULATION_SEED")
BACKENDS = [("memory", "own"), ("sqlite", "own"), ("postgres", "own"), ("postgres", "redis")]
"""Store and queue: the workers' own, in memory, or one that they share."""
BATCHES = {("postgres", "own"): 2, ("postgres", "redis"): 4}
"""Batches run beside each other; 14 of them for the others."""
SEEDS = {"postgres": 3}
"""Seeds of one batch; 25 for the others, which makes 350 of each: about 40 seconds of one core. A seed takes a second on PostgreSQL."""
FAILED = "failed transactions"
LOST = r"duplicate key|should have been accepted|has come to more|has no cause|own fence had to stop"
"""What comes of a transaction that is done again after it was kept."""
MANY = 60
"""Seeds in which a wrong engine is found at the latest; by far."""


def batches() -> list[tuple[str, str, int]]:
    return [
        (store, queue, batch)
        for store, queue in BACKENDS
        for batch in range(BATCHES.get((store, queue), 14) if GIVEN is None else 1)
    ]


@pytest.mark.parametrize(("store", "queue", "batch"), batches())
def test_the_promises_hold_through_crashes_and_stale_messages(store: str, queue: str, batch: int) -> None:
    count = SEEDS.get(store, 25)
    seeds = [random.SystemRandom().randrange(2**32) for _ in range(count)] if GIVEN is None else [int(GIVEN)]
    for seed in seeds:
        try:
            happened = simulate(seed, store, queue=queue)
            if (store, queue) == ("postgres", "own"):
                need_unnoticed(happened, seed)
        except Exception as error:
            error.add_note(f"again by: FLOW_SIMULATION_SEED={seed} pytest tests/simulation -k {store}-{queue}")
            raise


@pytest.mark.parametrize(("store", "queue"), [("memory", "own"), ("sqlite", "own"), ("postgres", "redis")])
def test_a_seed_gives_the_same_simulation_again(store: str, queue: str) -> None:
    assert simulate(7, store, queue=queue) == simulate(7, store, queue=queue)


def test_a_lost_answer_that_is_taken_for_a_lost_transaction_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    was_kept = Session._was_kept
    monkeypatch.setattr(Session, "_was_kept", lambda session, deadline: was_kept(session, deadline) and False)
    with pytest.raises((AssertionError, FlowError), match=LOST):
        simulate_many("own")


def test_a_fence_that_the_queue_does_not_check_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = scripts.load()
    text = found["done"].text.replace("if fence ~= ARGV[at + 1] then", "if not fence then")
    assert text != found["done"].text
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(scripts, "load", lambda: found | {"done": Script(text, digest)})
    with pytest.raises(Violation, match=r"of the queue: .*, and of its model"):
        simulate_many("redis")


def test_a_worker_that_takes_what_it_has_not_the_labels_for_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books._Desk, "may", lambda desk, labels: True)
    with pytest.raises(Violation, match="got a task that needs"):
        simulate_many("own", "memory")


def simulate_many(queue: str, store: str = "postgres") -> None:
    for seed in range(MANY):
        happened = simulate(seed, store, queue=queue)
        if (store, queue) == ("postgres", "own"):
            need_unnoticed(happened, seed)


def need_unnoticed(happened: Counter[str], seed: int) -> None:
    """Connections that are lost and transactions that collide change nothing: SQLite, which has no such faults, comes to the same. What was
    decided twice, since the server refused it the first time, has taken more from the random source, and is let be."""
    if happened[TRIED] != happened["ticks"] + happened["failed transactions"]:
        return
    healed = Counter({what: count for what, count in happened.items() if not what.startswith(FAULTS)})
    wanted = simulate(seed, "sqlite")
    if wanted[FAILED] != happened[FAILED]:
        return  # who has lost a run writes nothing to a file, and the server refuses it only when it has tried: on a full disk that fails
    assert healed == wanted, "a server that goes and comes back has come to more than that"

"""Requests made from the OpenAPI document, right and wrong ones, against a real server with a worker: no answer may be one that the
document does not have.

PYTHONPATH=tests python -m server.api_campaign --cases 5000 --seed 7
"""

import argparse
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis import checks as known_checks
from schemathesis.core.failures import FailureGroup
from server.api_world import PARAMS, SOURCES, World, made, objects
from support.command import Project
from support.server import Server

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance"]
CHECKS += ["response_schema_conformance", "allow_header_conformance"]
schemathesis.serializer.alias("application/gzip", "application/octet-stream")
STREAMS = ("followRun", "followLogs", "getLog")
PATIENCE = 30
"""Seconds for an answer."""


class Campaign:
    """`statuses` counts the answers by operation and status; `failures` tells what was not as the document says."""

    def __init__(self, server: Server, seed_: int) -> None:
        self.server, self.seed = server, seed_
        self.world = made(server)
        document = server.get("/openapi.json").json
        for schema in objects(list(document["components"]["schemas"].values())):
            schema.setdefault("additionalProperties", False)  # a client takes what is new; nothing may be untold here
        self.schema = schemathesis.openapi.from_dict(document)
        self.schema.config.update(base_url=server.url)
        self.schema.config.generation.update(with_security_parameters=False)  # test_hostile has all wrong tokens
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.failures: list[str] = []
        self.cases = 0

    def run(self, cases: int, most: int | None = None) -> None:
        """About so many, spread over all operations, or so many that chance chooses."""
        operations = [found.ok() for found in self.schema.get_all_operations()]
        random.Random(self.seed).shuffle(operations)
        chosen = operations[:most]
        for operation in chosen:
            modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if may_be_wrong(operation) else [])]
            for mode in modes:
                self._run(operation, mode, max(1, cases // (2 * len(chosen))))

    def _run(self, operation: Any, mode: GenerationMode, count: int) -> None:
        drawn = st.tuples(operation.as_strategy(mode), st.integers(0, 2**32))

        @seed(self.seed)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(drawn)
        def one(found: tuple[Case, int]) -> None:
            case, number = found
            wrong = mode is GenerationMode.NEGATIVE and number % 2 == 0
            if not wrong:
                tailor(case, self.world, random.Random(number))
            self._send(case, [*CHECKS, "negative_data_rejection"] if wrong else CHECKS)

        one()

    def _send(self, case: Case, checks: list[str]) -> None:
        name = str(case.operation.definition.raw["operationId"])
        answer = case.call(headers={"Authorization": f"Bearer {self.server.token}"}, timeout=PATIENCE)
        self.cases += 1
        self.statuses[name, answer.status_code] += 1
        try:
            case.validate_response(answer, checks=known_checks.CHECKS.get_by_names(checks))
        except FailureGroup as group:
            self.failures += [f"{name}: {error}\n{case.as_curl_command()}" for error in group.exceptions]


def may_be_wrong(operation: Any) -> bool:
    """A call that takes no more than names cannot be made wrongly, and hypothesis looks long for how it could."""
    raw = operation.definition.raw
    return "requestBody" in raw or any(
        part["in"] == "query" or "pattern" in part.get("schema", {}) for part in raw["parameters"]
    )


def tailor(case: Case, world: World, random_: random.Random) -> None:
    """Most requests are about what is there, and most that name a workflow name one."""
    operation = str(case.operation.definition.raw["operationId"])
    parts: dict[str, Any] = dict(case.path_parameters)
    for name in parts:
        if name == "run" and operation in STREAMS:
            parts[name] = random_.choice([*world.ended, "nothing"])
        elif random_.random() < 0.85:
            parts[name] = random_.choice(world.known[name])
    case.path_parameters = parts
    if random_.random() < 0.85:
        case.headers.pop("X-Flow-Namespace", None)
    if isinstance(case.body, dict) and "source" in case.body and random_.random() < 0.85:
        kept = {
            name: value for name, value in case.body.items() if name not in ("source", "folder", "file", "workflow")
        }
        case.body = {**kept, "source": random_.choice(SOURCES)}
        if "params" in kept:
            case.body["params"] = random_.choice(PARAMS)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cases", type=int, default=5000)
    arguments.add_argument("--seed", type=int, default=random.randrange(2**31))
    options = arguments.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Server(Project(Path(folder))) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        campaign = Campaign(server, options.seed)
        campaign.run(options.cases)
    by_status = Counter[int]()
    for (_, status), count in campaign.statuses.items():
        by_status[status] += count
    print(f"{campaign.cases} cases in {time.monotonic() - began:.0f} s: {dict(sorted(by_status.items()))}")
    for text, count in Counter(campaign.failures).most_common(40):
        print(f"--- {count} times\n{text[:3000]}")
    print(f"{len(campaign.failures)} failures")
    return 1 if campaign.failures else 0


if __name__ == "__main__":
    sys.exit(main())

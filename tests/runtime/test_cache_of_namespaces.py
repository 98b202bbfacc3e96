"""A cached result is an answer for its own namespace alone."""

from flow_engine.stores.memory import MemoryStore
from flow_lang.compile import compile_source
from flow_lang.source import Source
from flow_runtime.cache_keys import CacheKeys
from flow_runtime.inputs import RunInputs
from flow_server.submission import _NoFiles
from support.plans import plan, task
from support.world import World

KEPT = 'flow 1\nworkflow w -> str { task a -> str { shell "echo $RANDOM"; cache = true }; return a }\n'


def test_a_namespace_is_not_answered_with_what_another_one_kept() -> None:
    """Whoever knew a task and its inputs could read the result that another namespace had."""
    found = compile_source(Source("w.flow", KEPT), _NoFiles()).plan
    assert found is not None
    inner = found.workflow.task("a")
    keys = [CacheKeys(found, None, namespace).key(inner, {"n": 1}) for namespace in ("default", "a", "b", "a")]
    assert keys[1] == keys[3]
    assert len({key.digest for key in keys}) == 3
    assert keys[0] == CacheKeys(found).key(inner, {"n": 1}), "what is kept already is found"


def test_the_keys_of_a_run_are_those_of_its_namespace() -> None:
    world = World(MemoryStore())
    made = plan(task("a"))
    digests = []
    for namespace in ("default", "a"):
        run = world.submit(made, f"run-{namespace}", namespace=namespace)
        inputs = RunInputs(world.store, world.store.run(run), made, "/nowhere")
        digests.append(inputs.cache_keys.key(made.workflow.task("a"), {}).digest)
    assert digests[0] != digests[1]

import os

from flow_engine.ids import SHARDS, new_id, shard_of


def test_ids_sort_by_time_and_differ() -> None:
    ids = [new_id(moment, os.urandom) for moment in (0.0, 1.0, 1.5, 1e9, 2e9)]
    assert ids == sorted(ids)
    assert len({new_id(5.0, os.urandom) for _ in range(1000)}) == 1000
    assert {len(id_) for id_ in ids} == {26}


def test_shards_are_stable_and_spread() -> None:
    assert shard_of("01m87psvynpyf7mg9b54mdaxxk") == shard_of("01m87psvynpyf7mg9b54mdaxxk")
    shards = {shard_of(new_id(1e9, os.urandom)) for _ in range(4000)}
    assert len(shards) > 0.95 * SHARDS
    assert all(0 <= shard < SHARDS for shard in shards)

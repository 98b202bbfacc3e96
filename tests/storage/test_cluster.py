"""Two hosts on PostgreSQL work on one run, and read each other's files and logs."""

import re
from pathlib import Path

from support.hosts import Host
from support.postgres import shared_server

SPREAD = """flow 1
workflow spread -> list[str] {
  task make for n in ["0", "1", "2", "3", "4", "5", "6", "7"] -> file {
    shell "echo made ~{n} >&2; sleep 0.4; echo content ~{n} > made.txt; echo made.txt"
  }
  task look for f in make -> str { shell "sleep 0.2; cat ~{f}" }
  task all -> list[str] { python '''return [f.read_text().strip() for f in make]''' }
  task same -> list[str] { python '''
    assert look == all, (look, all)
    return all
  ''' }
  return same
}
"""


def test_hosts_that_share_a_run_read_the_files_and_logs_of_each_other(tmp_path: Path) -> None:
    with shared_server().empty_state() as url:
        more = {"FLOW_DATABASE": url}
        a, b, c = [Host(tmp_path / "project", tmp_path / name, f"{tmp_path}/share", more) for name in "abc"]
        a.write("spread.flow", SPREAD)
        with b.running("worker", "--slots", "1"):
            ended = a.flow("run", "spread.flow", "--slots", "1", "--json")
            logs = c.flow("logs")
    assert ended.code == 0, ended.err
    assert ended.document["result"] == [f"content {n}" for n in range(8)]
    ran = [sorted(path.name for path in (host.home / "logs").glob("*/*.log")) for host in (a, b)]
    assert all(ran), f"both hosts have run bodies that wrote something: {ran}"
    assert logs.code == 0, logs.err
    assert re.findall(r"made (\d)\n", logs.out) == [str(n) for n in range(8)]
    fetched = [list((host.home / "files").glob("??/*/made.txt")) for host in (a, b)]
    kept = [{re.sub(r".*/files/", "", str(path)) for path in paths} for paths in fetched]
    assert kept[0] | kept[1] == kept[0] or kept[0] | kept[1] == kept[1], "whoever ran `all` has all eight"
    assert not list((c.home / "files").glob("??/*/made.txt"))

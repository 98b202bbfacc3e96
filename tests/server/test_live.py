"""What keeps a page as the server shows it (live.js), with a browser that is made up: run by Node, where there is one."""

import json
import shutil
import subprocess
from pathlib import Path

import flow_server
import pytest

LIVE = Path(flow_server.__file__).parent / "pages" / "static" / "live.js"
PAGE = """
const told = { asked: 0, opened: 0, reloaded: 0, closed: 0 };
const answer = JSON.parse(process.argv[2]);
const later = globalThis.setTimeout;
globalThis.setTimeout = (job, after) => later(job, after / 100);  // the clock goes fast
globalThis.location = { reload: () => (told.reloaded += 1) };
globalThis.document = { querySelectorAll: () => [] };
globalThis.DOMParser = class { parseFromString() { return { getElementById: () => null }; } };
globalThis.fetch = async () => {
  told.asked += 1;
  return { ok: answer.status < 400, status: answer.status, redirected: answer.redirected, text: async () => "" };
};
globalThis.EventSource = class {
  static CLOSED = 2;
  readyState = 1;
  constructor() {
    told.opened += 1;
    this.hears = {};
    later(() => {
      if (answer.refused) this.readyState = 2;
      this.hears[answer.refused ? "error" : "open"]();
    }, 1);
  }
  addEventListener(name, hear) { this.hears[name] = hear; }
  close() { told.closed += 1; this.readyState = 2; }
};
const { follow } = await import(process.argv[3]);
follow("/stream", "/live", () => {});
later(() => { console.log(JSON.stringify(told)); process.exit(); }, 130);  // 13 s of its clock
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node")
@pytest.mark.parametrize(
    ("answer", "least", "most", "reloads"),
    [
        ({"status": 200}, 1, 1, False),
        ({"status": 404}, 1, 1, False),
        ({"status": 500}, 3, 8, False),
        ({"status": 429}, 3, 8, False),
        ({"status": 404, "refused": True}, 1, 1, False),
        ({"status": 200, "redirected": True, "refused": True}, 1, 4, True),
    ],
)
def test_a_page_stops_to_ask_for_what_is_gone_and_finds_the_login(
    tmp_path: Path, answer: dict[str, object], least: int, most: int, reloads: bool
) -> None:
    script, module = tmp_path / "page.mjs", tmp_path / "live.mjs"
    script.write_text(PAGE)
    module.write_text(LIVE.read_text("utf-8"))
    command = ["node", str(script), json.dumps({"redirected": False, **answer}), module.as_uri()]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout)
    assert least <= told["asked"] <= most, told
    assert bool(told["reloaded"]) is reloads, told

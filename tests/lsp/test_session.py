"""`flow lsp` as an editor has it: the real command over its standard input and output."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flow_lsp.documents import Documents
from flow_lsp.publisher import Publisher
from lsp.client import Client
from lsprotocol import types

TEXT = """flow 1
import "lib/quality.flow" as quality
from python "tasks.py" import score
type Order { id: str, total: float }
policy flaky = retry(5, backoff = exponential(2s))

## Orders, day by day. 𝄞
workflow nightly(day: date, limit: float = 1.5) -> int {
  secret token = env("TOKEN")
  pool api { slots = 2 }
  ## Gets them.
  task fetch -> list[Order] {
    http GET "https://example.com/~{day}" { header "X-Note" = "𝄞/~{day}"; header "Authorization" = "Bearer ~{token}" }
    retry = flaky
    pool = api
    timeout = 1m
  }
  task clean for order in fetch {
    in total: float = order.total
    out rows: int
    python '''
      print(day)
      return {"rows": int(total + limit)}
    '''
  }
  call scored = score(fetch)
  call checks = quality.check(rows = sum(clean.rows))
  finally { task tidy { shell "echo ~{checks ?? 0}" } }
  return sum(clean.rows)
}

test "it counts" {
  mock fetch = []
  mock scored = "a"
  run nightly(day = date("2026-01-31"))
  assert run.status == "succeeded" and sum(clean.rows) == 0
}
"""
LIBRARY = 'flow 1\nworkflow check(rows: int) -> int {\n  task t -> int { shell "echo ~{rows}" }\n  return t\n}\n'
PYTHON = "def other() -> str:\n    return 'a'\n\n\ndef score(orders: list[dict]) -> str:\n    return 'a'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my project"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "quality.flow").write_text(LIBRARY)
    (folder / "tasks.py").write_text(PYTHON)
    return folder


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    with Client(folder) as client:
        yield client


@pytest.fixture
def uri(client: Client) -> str:
    uri = client.open("main.flow", TEXT)
    assert client.diagnostics(uri, 0) == []
    return uri


def place(text: str, words: str, within: int = 0) -> dict[str, int]:
    """Where the words stand, in lines and units of UTF-16; `within` characters further on."""
    offset = text.index(words) + within
    before = text[:offset]
    column = before.rpartition("\n")[2]
    return {"line": before.count("\n"), "character": len(column.encode("utf-16-le")) // 2}


def typed(words: str, new: str, text: str = TEXT) -> dict[str, Any]:
    """The change that writes `new` for `words`."""
    return {"range": {"start": place(text, words), "end": place(text, words, len(words))}, "text": new}


def texts(client: Client, locations: list[dict[str, Any]], text: str = TEXT) -> list[str]:
    return [sliced(text, location["range"]) for location in locations]


def sliced(text: str, range_: dict[str, Any]) -> str:
    lines = [line.encode("utf-16-le") for line in text.split("\n")]
    start, end = range_["start"], range_["end"]
    assert start["line"] == end["line"]
    return lines[start["line"]][start["character"] * 2 : end["character"] * 2].decode("utf-16-le")


def test_a_mistake_is_told_as_it_is_typed_and_forgotten_when_it_is_mended(client: Client, uri: str) -> None:
    client.change(uri, 1, typed("𝄞/~{day}", "𝄞/~{dai}"))
    (found,) = client.diagnostics(uri, 1)
    assert found["code"] == "FLOW201"
    assert found["severity"] == 1
    assert "did you mean `day`?" in found["message"]
    assert found["range"]["start"] == place(TEXT, "𝄞/~{day}", 4)  # after a character of two units
    assert found["codeDescription"]["href"].endswith("/pages/FLOW201.md")
    client.change(uri, 2, typed("𝄞/~{dai}", "𝄞/~{day}", TEXT.replace("𝄞/~{day}", "𝄞/~{dai}")))
    assert client.diagnostics(uri, 2) == []


def test_a_fix_is_offered_for_a_name_that_was_nearly_right(client: Client, uri: str) -> None:
    wrong = TEXT.replace("in fetch {", "in fetsh {")
    client.change(uri, 1, {"text": wrong})
    (found,) = client.diagnostics(uri, 1)
    asked = {"textDocument": {"uri": uri}, "range": found["range"], "context": {"diagnostics": [found]}}
    (action,) = client.ask("textDocument/codeAction", asked)
    assert action["title"] == "Write `fetch`"
    (edit,) = action["edit"]["changes"][uri]
    assert (sliced(wrong, edit["range"]), edit["newText"]) == ("fetsh", "fetch")


def test_a_diagnostic_points_to_the_declaration(client: Client, uri: str) -> None:
    client.change(uri, 1, typed("  secret token", "  pool api { slots = 1 }\n  secret token"))
    (found, *_) = client.diagnostics(uri, 1)
    assert found["code"] == "FLOW202"
    (related,) = found["relatedInformation"]
    assert related["location"]["uri"] == uri
    assert related["location"]["range"]["start"]["line"] == 8


def test_what_nothing_uses_is_shown_pale(client: Client, uri: str) -> None:
    client.change(uri, 1, typed("    retry = flaky\n", ""))
    (found,) = client.diagnostics(uri, 1)
    assert (found["code"], found["severity"], found["tags"]) == ("FLOW524", 2, [1])


def test_imported_files_are_read_as_they_are_in_the_editor_and_else_on_disk(
    client: Client, uri: str, folder: Path
) -> None:
    library = client.open("lib/quality.flow", LIBRARY.replace("rows: int", "rows: date"))
    assert client.diagnostics(library, 0) == []
    (found,) = client.diagnostics(uri, 0)
    assert found["code"] == "FLOW301"
    assert found["relatedInformation"][0]["location"]["uri"] == library
    client.tell("textDocument/didClose", {"textDocument": {"uri": library}})
    assert client.diagnostics(library, None) == []
    assert client.diagnostics(uri, 0) == []
    (folder / "lib" / "quality.flow").write_text(LIBRARY.replace("return t", "return nothing_of_it"))
    client.tell("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert [one["code"] for one in client.diagnostics(library, None)] == ["FLOW201"]
    client.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert client.diagnostics(library, None) == []


def test_hover_says_what_a_name_is(client: Client, uri: str) -> None:
    for words, within, said in (
        ("~{day}", 3, "parameter day: date"),
        ("in fetch {", 4, "task fetch -> list[Order]\n```\n\nGets them."),
        ("order.total", 1, "for order: Order"),
        ("int(total", 5, "in total: float"),
        ("clean.rows))", 7, "out rows: int"),
        ("sum(clean", 1, "sum(items: list[N]) -> N"),
        ("quality.check(", 9, 'workflow check(rows: int) -> int  # in "lib/quality.flow"'),
        ("timeout = 1m", 2, "Bounds each attempt"),
        ("nightly(day: date,", 1, "workflow nightly(day: date, limit: float) -> int"),
        ("finally", 1, "runs at the end"),
    ):
        found = client.at("hover", uri, **place(TEXT, words, within))
        assert found is not None, words
        assert said in found["contents"]["value"], (words, found)


def test_definitions_are_found_here_in_flow_files_and_in_python(client: Client, uri: str, folder: Path) -> None:
    for words, within, file, line in (
        ("mock fetch", 6, "main.flow", 11),
        ("print(day)", 7, "main.flow", 7),
        ("= flaky", 3, "main.flow", 4),
        ("= api", 3, "main.flow", 9),
        ("list[Order]", 6, "main.flow", 3),
        ("quality.check(", 9, "lib/quality.flow", 1),
        ('"lib/quality', 3, "lib/quality.flow", 0),
        ("= score(", 3, "tasks.py", 4),
        ("run nightly", 5, "main.flow", 7),
        ("nightly(day = date", 9, "main.flow", 7),
    ):
        found = client.at("definition", uri, **place(TEXT, words, within))
        assert found is not None, words
        assert (found["uri"], found["range"]["start"]["line"]) == ((folder / file).as_uri(), line), words


def test_references_are_all_places_of_a_name(client: Client, uri: str) -> None:
    found = client.at("references", uri, **place(TEXT, "day: date", 1), context={"includeDeclaration": True})
    lines = [location["range"]["start"]["line"] for location in found]
    assert lines == [7, 12, 12, 21, 34]
    assert set(texts(client, found)) == {"day"}
    others = client.at("references", uri, **place(TEXT, "day: date", 1), context={"includeDeclaration": False})
    assert others == found[1:]
    assert len(client.at("documentHighlight", uri, **place(TEXT, "day: date", 1))) == 5


def test_a_renamed_program_is_still_right(client: Client, uri: str) -> None:
    for words, within in (
        ("day: date", 1),
        ("fetch ->", 1),
        ("order in", 1),
        ("total: float =", 1),
        ("api {", 1),
        ("Order {", 1),
    ):
        start = place(TEXT, words, within)
        assert client.at("prepareRename", uri, **start) is not None, words
        edits = client.at("rename", uri, **start, newName="renamed")["changes"][uri]
        assert len(edits) > 1
        changes = [{"range": edit["range"], "text": edit["newText"]} for edit in reversed(edits)]
        client.change(uri, 1, *changes)
        assert client.diagnostics(uri, 1) == [], words
        client.change(uri, 0, {"text": TEXT})
        assert client.diagnostics(uri, 0) == []


def test_what_cannot_be_renamed_is_refused_with_a_reason(client: Client, uri: str) -> None:
    assert client.at("prepareRename", uri, **place(TEXT, "quality.check(", 9)) is None
    assert client.at("prepareRename", uri, **place(TEXT, "timeout", 2)) is None
    for name, reason in (("when", "is no name"), ("a b", "is no name"), ("limit", "there is a `limit` already")):
        with pytest.raises(RuntimeError, match=reason):
            client.at("rename", uri, **place(TEXT, "day: date", 1), newName=name)


def test_completion_knows_the_place(client: Client, uri: str) -> None:
    for words, new, wanted, unwanted in (
        ("    timeout = 1m\n", "    ti\n", {"timeout", "retry", "shell", "out"}, {"workflow", "fetch", "mock"}),
        ("  pool api", "  w\n  pool api", {"task", "wait", "schedule"}, {"shell", "memory"}),
        ("type Order", "t\ntype Order", {"type", "workflow", "test"}, {"task"}),
        ("limit: float", "limit: f", {"float", "file", "Order"}, {"fetch", "timeout"}),
        ("= order.total", "= order.t", {"id", "total"}, {"fetch", "timeout"}),
        ('/~{day}"', "/~{d", {"day", "fetch", "token", "date", "sum"}, {"order", "task"}),
        ("retry = flaky", "retry = f", {"flaky"}, {"day"}),
        ("pool = api", "pool = a", {"api"}, {"day"}),
        ("call scored = score(fetch)", "call scored = s", {"score", "quality"}, {"day"}),
        ("checks = quality.check(rows = sum(clean.rows))", "checks = quality.", {"check"}, {"day", "score"}),
        ("mock scored", "m\n  mock scored", {"mock", "run", "assert"}, {"task"}),
        ("order in fetch {", "order in f", {"fetch", "range"}, {"order"}),
    ):
        client.change(uri, 1, {"text": TEXT.replace(words, new, 1)})
        at = place(TEXT.replace(words, new, 1), new, len(new.partition("\n")[0]))
        names = {item["label"] for item in client.at("completion", uri, **at)}
        assert wanted <= names, (new, wanted - names)
        assert not unwanted & names, (new, unwanted & names)


def test_nothing_is_proposed_in_comments_and_texts(client: Client, uri: str) -> None:
    assert client.at("completion", uri, **place(TEXT, "## Gets", 6)) == []
    assert client.at("completion", uri, **place(TEXT, "echo ~", 3)) == []


def test_a_file_is_formatted_as_by_the_command(client: Client, uri: str) -> None:
    asked = {"textDocument": {"uri": uri}, "options": {"tabSize": 2, "insertSpaces": True}}
    rough = TEXT.replace("  pool = api", "     pool    = api")
    client.change(uri, 1, {"text": rough})
    (edit,) = client.ask("textDocument/formatting", asked)
    assert edit["range"]["start"] == {"line": 0, "character": 0}
    assert edit["range"]["end"] == {"line": rough.count("\n"), "character": 0}
    client.change(uri, 2, {"text": edit["newText"]})
    assert client.ask("textDocument/formatting", asked) == []
    assert "    pool = api\n" in edit["newText"]
    client.change(uri, 3, {"text": TEXT + "}"})
    assert client.ask("textDocument/formatting", asked) is None


def test_symbols_stand_one_inside_another(client: Client, uri: str) -> None:
    found = client.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert [one["name"] for one in found] == ["Order", "flaky", "nightly", "it counts"]
    inside = [one["name"] for one in found[2]["children"]]
    assert inside == ["token", "api", "fetch", "clean", "scored", "checks", "finally"]
    assert [one["name"] for one in found[2]["children"][-1]["children"]] == ["tidy"]


def test_semantic_tokens_cover_the_names(client: Client, uri: str) -> None:
    legend = client.capabilities["semanticTokensProvider"]["legend"]["tokenTypes"]
    data = client.ask("textDocument/semanticTokens/full", {"textDocument": {"uri": uri}})["data"]
    line = column = 0
    found = set()
    for at in range(0, len(data), 5):
        down, right, length, kind, _ = data[at : at + 5]
        line, column = line + down, right if down else column + right
        span = {"start": {"line": line, "character": column}, "end": {"line": line, "character": column + length}}
        found.add((sliced(TEXT, span), legend[kind]))
    assert {
        ("fetch", "method"),
        ("day", "parameter"),
        ("order", "variable"),
        ("Order", "type"),
        ("rows", "property"),
    } <= found


def test_versions_are_told_in_order_and_the_last_one_always(client: Client, uri: str) -> None:
    wrong = TEXT.replace("limit: float", "limit: flaot")
    for version in range(1, 101):
        client.change(uri, version, {"text": wrong if version % 2 else TEXT})
    assert client.diagnostics(uri, 100) == []
    told = [one["params"]["version"] for one in client.notified if "version" in one.get("params", {})]
    assert told == sorted(set(told))
    assert max(told, default=0) < 100


def test_a_newer_change_cancels_a_check_of_the_older_one(tmp_path: Path) -> None:
    told: list[int | None] = []

    async def typing() -> None:
        documents = Documents()
        publisher = Publisher(documents, lambda params: told.append(params.version))
        item = types.TextDocumentItem((tmp_path / "main.flow").as_uri(), "flow", 0, TEXT)
        document = documents.open(item)
        publisher.changed(document)
        for version in range(1, 10):
            document.change([types.TextDocumentContentChangeWholeDocument(TEXT)], version)
            publisher.changed(document)
        while not told:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    asyncio.run(typing())
    assert told == [9]


def test_a_text_that_was_never_saved_is_checked_too(client: Client) -> None:
    item = {"uri": "untitled:Untitled-1", "languageId": "flow", "version": 0, "text": TEXT}
    client.tell("textDocument/didOpen", {"textDocument": item})
    codes = [one["code"] for one in client.diagnostics("untitled:Untitled-1", 0)]
    assert "FLOW213" in codes


def test_a_client_may_count_in_bytes(folder: Path) -> None:
    with Client(folder, encodings=("utf-8", "utf-16")) as client:
        assert client.capabilities["positionEncoding"] == "utf-8"
        uri = client.open("main.flow", TEXT.replace("𝄞/~{day}", "𝄞/~{dai}"))
        (found,) = client.diagnostics(uri, 0)
        column = TEXT[: TEXT.index("𝄞/~{day}") + 4].rpartition("\n")[2]
        assert found["range"]["start"]["character"] == len(column.encode())


def test_other_commands_do_not_wait_for_the_server() -> None:
    """It takes longer to load than a run of a small file."""
    code = "import sys, flow_cli.app, flow_cli.commands.run; print([name for name in sys.modules if 'lsp' in name or 'pygls' in name])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "[]"


def test_a_type_is_not_renamed_to_another(client: Client, uri: str) -> None:
    client.change(uri, 1, typed("type Order", "type Other { id: str }\ntype Order"))
    moved = TEXT.replace("type Order", "type Other { id: str }\ntype Order", 1)
    with pytest.raises(RuntimeError, match="there is a `Other` already"):
        client.at("rename", uri, **place(moved, "Order {", 1), newName="Other")

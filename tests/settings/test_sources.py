"""Where a setting comes from: each source against each other, and what is wrong in one of them."""

import json
import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from flow_cli.commands.config import check
from flow_cli.guard import guarded
from flow_engine.errors import FlowError, Refused
from flow_engine.stores.shared import LEASE
from flow_runtime.executors import bounded_log
from flow_runtime.settings import resolve as resolving
from flow_runtime.settings.current import Configuration, without_applied
from flow_runtime.settings.hiding import without_password
from flow_runtime.settings.layer import BY_KEY, Layer
from flow_runtime.settings.reference import section
from flow_runtime.settings.resolve import Sources, file_of, resolve
from flow_runtime.settings.table import (
    BY_NAME,
    MARK,
    TABLE,
    kept_from_bodies,
    kept_from_workers,
    secret_names,
    value_of,
)
from flow_runtime.settings.yaml_file import of_file, of_text
from flow_runtime.state_folder import state_at
from flow_server.auth.settings import AccessSettings, access_settings
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.command import Project

ROOT = Path(__file__).parents[2]
PLACES = ("default", "server", "file", "ssm", "environment", "flag")
"""As they win: each over those before it."""


def resolved(places: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[float, str]:
    """The lease and its origin where each of these says another one: 100 and its place in the list."""
    texts = {place: str(100 + PLACES.index(place)) for place in places}
    file = folder / "flow.yaml"
    file.write_text(f"# settings\nlease: {texts['file']}\n" if "file" in texts else "log: text\n")

    def one(place: str, origin: str) -> Layer:
        return Layer({"lease": texts[place]}, {"lease": origin}) if place in texts else Layer()

    monkeypatch.setattr(resolving, "of_parameters", lambda prefix: one("ssm", "ssm:/flow/lease"))
    environment = {"FLOW_SSM_PREFIX": "/flow"} | (
        {"FLOW_LEASE": texts["environment"]} if "environment" in texts else {}
    )
    found = resolve(Sources(environment, str(file), one("server", "server http://a"), one("flag", "flag --lease")))
    return found.values["lease"], found.origins["lease"].replace(str(folder), "")


@pytest.mark.parametrize("pair", list(combinations(PLACES, 2)), ids="-".join)
def test_the_later_source_wins(pair: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origins = {
        "server": "server http://a", "file": "/flow.yaml:2", "ssm": "ssm:/flow/lease", "environment": "environment",
        "flag": "flag --lease",
    }  # fmt: skip
    for places in (pair, pair[::-1], PLACES[: PLACES.index(pair[1]) + 1]):
        assert resolved(places, tmp_path, monkeypatch) == (100 + PLACES.index(pair[1]), origins[pair[1]])


def test_without_a_source_it_is_the_default() -> None:
    found = resolve(Sources({}))
    assert {found.origins[key] for key in BY_KEY} == {"default"}
    assert found.values["lease"] == value_of("FLOW_LEASE", {}) == LEASE
    assert found.values["log_limit"] == bounded_log.DEFAULT == bounded_log.log_limit()
    assert access_settings({}) == AccessSettings()


def test_a_blank_value_is_none_wherever_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text("lease:\nlabels: ~\nqueue: null\ndatabase: ''\n")
    assert resolve(Sources({"FLOW_LEASE": " "}, str(file))).texts == {}


def test_lists_and_maps_are_read_as_they_are_written() -> None:
    layer = of_text("labels: [gpu, 1.10, no]\npolicy:\n  team-a: [http, shell]\nnotify_private: true\n", "f")
    assert layer.texts == {"labels": "gpu,1.10,no", "policy": '{"team-a": ["http", "shell"]}', "notify_private": "true"}
    assert access_settings({"FLOW_POLICY": layer.texts["policy"]}).policy.of("team-a") == {"http", "shell"}
    assert value_of("FLOW_NOTIFY_PRIVATE", {"FLOW_NOTIFY_PRIVATE": "true"}) is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lese: 20\n", "f:1: there is no setting 'lese'; did you mean `lease`?"),
        ("\n\nFLOW_QUEUE: redis://a\n", "f:3: there is no setting 'FLOW_QUEUE'; did you mean `queue`?"),
        ("xyzzy: 1\n", "f:1: there is no setting 'xyzzy'; docs/configuration.md has all of them"),
        ("lease: soon\n", "f:1: `lease` is to be a number of seconds from 1 to 3600, and is 'soon'"),
        ("lease: nan\n", "f:1: `lease` is to be a number of seconds from 1 to 3600, and is 'nan'"),
        ("lease: [1]\n", "f:1: `lease` is no list; write one value, as in docs/configuration.md"),
        ("labels: ['a,b']\n", "f:1: a text of the list `labels` holds no comma"),
        ("lease: 1\nlog: json\nlease: 2\n", "f:3: `lease` stands at f:1 already"),
        ("home: /tmp\n", "f:1: `home` can only come from the environment (FLOW_HOME) or a flag"),
        ("- lease\n", "f:1: a configuration is a mapping, as in `lease: 15`"),
        ("? [a]\n: 1\n", "f:1: a key is the name of a setting, as in `lease: 15`"),
        ("lease: &a 1\nlog: *a\n", "f:1: this is not YAML: anchors and aliases are not for settings"),
        ("policy: " + "[" * 40, "f:1: this is not YAML: this is nested too deeply"),
        ("lease: 1\n---\nlease: 2\n", "f:2: this is not YAML: but found another document"),
        ('lease: "\\0"\n', "f:1: `lease` has characters that cannot be printed; write it on one line"),
        ("a: b: c\n", "f:1: this is not YAML: mapping values are not allowed here"),
        ("database: 'mysql://u:hunter2@h/d'\n", "f:1: `database` is to be a URL, as postgresql://USER:PASSWORD@HOST/DATABASE, and is another text"),
        ("policy: {a: {b: 1, b: 2}}\n", "f:1: in line 1 of it, a key is no text or stands twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_never_a_secret(text: str, told: str) -> None:
    with pytest.raises(Refused) as raised:
        of_text(text, "f")
    assert str(raised.value) == told
    assert "hunter2" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes("lease: 1\n# gr\xfcn\n".encode("latin-1"))
    (tmp_path / "large").write_bytes(b"#" * (1 << 20) + b"\n")
    for name, why in (
        ("latin", "latin:2: this is not UTF-8"),
        ("large", "at most"),
        ("none", "No such file"),
        ("", "directory"),
    ):
        with pytest.raises(Refused, match=why):
            of_file(str(tmp_path / name))


WORDS = st.one_of(
    st.sampled_from([*BY_KEY, "lese", "~", "15", "1h", "[a]", "{a: 1}", "&a", "*a", "!!python/object:os.system"]),
    st.text(max_size=8),
)
LINES = st.lists(
    st.tuples(WORDS, st.sampled_from([": ", ":\n  - ", " ", "\n", ": |\n  "]), WORDS).map("".join), max_size=6
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(LINES.map("\n".join), st.text(max_size=60)))
@example("a: 2026-13-45\nlease: 0x")
@example("\ufeff\ufffe")
@example("lease: !!float 1e999")
def test_any_text_is_settings_or_is_refused_by_name(text: str) -> None:
    refusal, layer = "", Layer()
    try:
        layer = of_text(text, "some.yaml")
    except FlowError as error:
        refusal = str(error)
    assert refusal.startswith("some.yaml") or not refusal
    assert set(layer.texts) <= set(BY_KEY)
    assert all(re.fullmatch(r"some\.yaml:\d+", layer.origins[key]) for key in layer.texts)
    resolve(Sources({}, served=layer))


def test_secrets_are_one_list() -> None:
    assert set(secret_names()) == {
        "FLOW_TOKEN", "FLOW_JWT_KEY", "FLOW_DATABASE", "FLOW_QUEUE", "FLOW_STORAGE", "FLOW_SMTP_URL",
    }  # fmt: skip
    assert set(kept_from_workers()) == {"FLOW_TOKEN", "FLOW_JWT_KEY"}
    assert set(kept_from_bodies()) >= {"FLOW_TOKEN", "FLOW_JWT_KEY", "FLOW_DATABASE", "FLOW_QUEUE", "FLOW_CONFIG"}
    assert not [one.name for one in TABLE if one.secret and one.shown]


def test_every_variable_that_the_code_reads_is_in_the_table() -> None:
    """Those that the engine gives to bodies, and those of tests, are not settings."""
    own = re.compile(
        r"FLOW_(?:CRASH_AT|APPLIED|ENGINE|SLOT|OUT|TASK|ATTEMPT|FENCE|RUN|FOLDER|TRACEPARENT|IDEMPOTENCY_KEY|TRACEBACK|VALUE|SECRET\w*)"
    )
    found = {
        name
        for root in ("runtime", "server", "client", "cli")
        for path in (ROOT / root).rglob("*.py")
        for name in re.findall(r'"(FLOW_[A-Z_]+)"', path.read_text())
    }
    assert {name for name in found if name not in BY_NAME and not own.fullmatch(name)} == set()


def test_what_a_file_says_is_in_the_environment_and_goes_again(tmp_path: Path) -> None:
    environment = {"FLOW_LEASE": "40"}
    (tmp_path / "flow.yaml").write_text("lease: 20\nlabels: [gpu]\n")
    found = Configuration(str(tmp_path), environment=environment)
    assert environment == {"FLOW_LEASE": "40", "FLOW_LABELS": "gpu", MARK: "FLOW_LABELS"}
    assert found.resolved.origins["lease"] == "environment"
    assert without_applied(environment) == {"FLOW_LEASE": "40"}
    (tmp_path / "flow.yaml").unlink()
    Configuration(str(tmp_path), environment=environment)
    assert environment == {"FLOW_LEASE": "40"}


def test_a_state_is_found_with_its_file_and_another_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FLOW_CONFIG", "FLOW_LEASE", "FLOW_LABELS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "flow.yaml").write_text("lease: 21\nlabels: [gpu]\n")
    first = state_at(str(tmp_path))
    second = state_at(str(tmp_path / "other"))
    assert (first.lease, first.labels, second.lease, second.labels) == (21.0, ("gpu",), LEASE, ())
    assert MARK not in os.environ
    assert file_of(str(tmp_path), {"FLOW_CONFIG": "/etc/flow.yaml"}) == "/etc/flow.yaml"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://flow:12?abc@db/flow", "postgresql://flow:********@db/flow"),
        (
            "postgresql://flow:12/ab@c#d@db/flow?sslpassword=x",
            "postgresql://flow:********@db/flow?sslpassword=********",
        ),
        ("postgresql://fl/ow:12@db/flow", "postgresql://********@db/flow"),
        ("postgresql://flow@db:5432/flow?a=b", "postgresql://flow@db:5432/flow?a=b"),
        ("redis://:12:ab?c", "redis://********"),
        ("s3://bucket/prefix?region=eu", "s3://bucket/prefix?region=eu"),
    ],
)
def test_a_password_is_hidden_whatever_stands_in_it(text: str, shown: str) -> None:
    assert without_password(text) == shown


def test_the_command_shows_origins_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    project.home.mkdir()
    monkeypatch.setenv("FLOW_QUEUE", "redis://:pa#ss?wd@127.0.0.1:1/0")
    monkeypatch.setenv("FLOW_TOKEN", "sesame-sesame-sesame")
    project.write(
        ".flow/flow.yaml",
        "lease: 20\ndatabase: postgresql://flow:open%20sesame@127.0.0.1:1/flow?sslpassword=sesame1\nstorage: s3://b/p?secret=sesame2\n",
    )
    plain, found = project.flow("config", "show"), project.flow("config", "show", "--set", "--json")
    assert plain.code == found.code == 0, plain.err + found.err
    for secret in ("sesame", "pa#ss", "wd@"):
        assert secret not in plain.out + plain.err + found.out + found.err
    by_key = {one["key"]: (one["value"], one["origin"]) for one in found.document["settings"]}
    where = str(project.home / "flow.yaml")
    assert by_key["lease"] == ("20", f"{where}:1")
    assert by_key["database"] == ("postgresql://flow:********@127.0.0.1:1/flow?sslpassword=********", f"{where}:2")
    assert by_key["queue"] == ("redis://:********@127.0.0.1:1/0", "environment")
    assert by_key["storage"] == ("s3://b/p?secret=********", f"{where}:3")
    assert by_key["token"] == ("********", "environment")
    assert re.search(r"^rate_limit +1000 +default$", plain.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("lease: 20\n", 0, "1 setting, and nothing wrong"),
        ("lese: 20\n", 2, "did you mean `lease`?"),
        ("jwt_audience: flow\n", 2, "JWTs need a key"),
        ("policy: {team-a: http}\n", 2, "`team-a` must have a list of executors"),
    ],
)
def test_the_command_checks_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, code: int, told: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    assert guarded(lambda: check(str(file), False)) == code
    out, err = capsys.readouterr()
    assert told in (err if code else out)
    assert guarded(lambda: check(str(file), True), True) == code
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["code"] == "refused" if code else document["settings"] == ["lease"]


def test_a_run_of_a_local_file_imports_none_of_it(tmp_path: Path) -> None:
    """What reads configurations takes longer to import than a small run."""
    project = Project(tmp_path)
    project.write("a.flow", 'flow 1\nworkflow a { task b { shell "true" } }\n')
    environment = {
        name: text
        for name, text in project.environment().items()
        if not name.startswith("FLOW_") or name == "FLOW_HOME"
    }
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "flow_cli.main", "run", "a.flow", "-q"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    imported = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "flow_runtime.state_folder" in imported
    assert not {name for name in imported if name.startswith(("pydantic", "yaml", "boto", "flow_runtime.settings"))}


def test_the_page_has_the_table() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert section(page) == page, "make it anew: python -m flow_runtime.settings.reference docs/configuration.md"
    assert all(f"`{setting.name}`" in page for setting in TABLE)


def test_the_doctor_tells_of_a_wrong_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    file = project.write("named.yaml", "token: opensesame-opensesame\n")
    monkeypatch.setenv("FLOW_CONFIG", str(file))
    file.chmod(0o644)
    found = {one["name"]: one for one in project.flow("doctor", "--json").document["checks"]}
    assert (found["passwords"]["ok"], found["passwords"]["fix"]) == (False, f"chmod 600 {file}")
    assert found["settings"]["ok"]
    assert found["state"]["ok"]
    file.write_text("lese: 1\n")
    done = project.flow("doctor")
    assert (done.code, f"{file}:1: there is no setting 'lese'" in done.out, "sqlite" in done.out) == (1, True, True)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_file_that_others_could_have_written_is_refused(tmp_path: Path, mode: int) -> None:
    """As one is that came with a checkout: it would say where runs are kept."""
    project = Project(tmp_path / "theirs")
    project.home.mkdir()
    (project.home / "flow.yaml").write_text("database: postgresql://127.0.0.1:1/theirs\n")
    (project.home / "flow.yaml").chmod(mode)
    ended = project.flow("list")
    assert ended.code == 2, ended
    assert "chmod 600" in ended.err
    assert "postgresql" not in ended.err

"""Settings in Parameter Store, as moto's server has it, in a process of its own."""

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from flow_engine.errors import Refused
from flow_runtime.settings import ssm
from flow_runtime.settings.ssm import of_parameters
from flow_runtime.settings.trouble import ParametersDown
from support.command import Project
from support.s3 import S3
from support.service import Reply, service

PARAMETERS = {
    "lease": "20", "database": "postgresql://flow:opensesame@h/flow", "queue": "redis://h:1/0", "labels": "gpu,ssd",
    "log": "json", "log_level": "debug", "log_limit": "1MiB", "keep_for": "30d", "keep_runs": "7", "rate_limit": "9",
    "audit_days": "3", "storage": "/mnt/flow", "jwt_key": "k" * 40, "jwt_audience": "flow",
}  # fmt: skip


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    server = S3(tmp_path_factory.mktemp("aws")).start()
    yield server
    server.kill()


@pytest.fixture
def store(aws: S3, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    return boto3.client("ssm")


def put(store: Any, prefix: str, **texts: str) -> None:
    for key, text in texts.items():
        kind = "SecureString" if key in ("database", "jwt_key") else "StringList" if key == "labels" else "String"
        store.put_parameter(Name=f"{prefix}/{key}", Value=text, Type=kind, Overwrite=True)


def test_all_pages_are_read_and_secure_strings_decrypted(store: Any) -> None:
    """A page has ten at most."""
    put(store, "/flow/prod", **PARAMETERS)
    put(store, "/flow/production", lease="999")
    found = of_parameters("flow/prod/")
    assert found.texts == PARAMETERS
    assert found.origins == {key: f"ssm:/flow/prod/{key}" for key in PARAMETERS}
    assert of_parameters("/flow/empty").texts == {}


def test_the_command_shows_them_between_the_file_and_the_environment(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "/flow/shown", lease="20", database="postgresql://flow:opensesame@h/flow", rate_limit="9")
    monkeypatch.setenv("FLOW_RATE_LIMIT", "12")
    project = Project(tmp_path)
    project.write(".flow/flow.yaml", "ssm_prefix: /flow/shown\nlease: 30\naudit_days: 4\n")
    done = project.flow("config", "show", "--json", "--set")
    assert done.code == 0, done.err
    assert "opensesame" not in done.out + done.err
    found = {one["key"]: (one["value"], one["origin"]) for one in json.loads(done.out)["settings"]}
    assert found["lease"] == ("20", "ssm:/flow/shown/lease")
    assert found["database"] == ("postgresql://flow:********@h/flow", "ssm:/flow/shown/database")
    assert found["rate_limit"] == ("12", "environment")
    assert found["audit_days"] == ("4", f"{project.home / 'flow.yaml'}:3")


def test_what_is_wrong_there_is_told_by_its_name(store: Any) -> None:
    put(store, "/flow/unknown", lese="20")
    with pytest.raises(Refused, match=r"ssm:/flow/unknown/lese: there is no setting 'lese'; did you mean `lease`"):
        of_parameters("/flow/unknown")
    put(store, "/flow/wrong", database="mysql://u:opensesame@h/d")
    with pytest.raises(Refused, match=r"ssm:/flow/wrong/database: `database` is to be a URL") as raised:
        of_parameters("/flow/wrong")
    assert "opensesame" not in str(raised.value)


def test_without_permission_it_says_which_one_is_needed(aws: S3, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]

    def without_authority(count: str) -> None:
        url = f"{aws.environment['AWS_ENDPOINT_URL']}/moto-api/reset-auth"
        urllib.request.urlopen(
            urllib.request.Request(url, count.encode(), {"Content-Type": "text/plain"}, method="POST"), timeout=10
        ).close()

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    without_authority("0")
    try:
        with pytest.raises(Refused, match=r"ssm:/flow/prod: AWS refuses: allow ssm:GetParametersByPath on it"):
            of_parameters("/flow/prod")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
        with pytest.raises(Refused, match=r"ssm:/flow/prod: AWS refuses"):
            of_parameters("/flow/prod")
    finally:
        without_authority("inf")


def test_an_endpoint_that_is_not_there_or_hangs_is_told_in_time(
    aws: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssm, "ANSWER", 0.3)
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)

    def told() -> str:
        began = time.monotonic()
        with pytest.raises(ParametersDown) as raised:
            of_parameters("/flow/prod")
        assert time.monotonic() - began < 10
        return str(raised.value)

    with service(lambda _: Reply(delay=2.0)) as there:
        monkeypatch.setenv("AWS_ENDPOINT_URL", there.url)
        assert told().startswith("ssm:/flow/prod: Parameter Store does not answer: Read timeout")
    with service(lambda _: Reply(500, b"<html>")) as there:
        monkeypatch.setenv("AWS_ENDPOINT_URL", there.url)
        assert told().startswith("ssm:/flow/prod: Parameter Store does not answer: ")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("FLOW_SSM_PREFIX", "/flow/prod")
    done = Project(tmp_path).flow("list")
    assert (done.code, done.out) == (3, "")
    assert "error: ssm:/flow/prod: Parameter Store does not answer: Could not connect" in done.err


@pytest.mark.parametrize(
    ("missing", "told"), [("AWS_DEFAULT_REGION", "needs a region"), ("AWS_SECRET_ACCESS_KEY", "needs credentials")]
)
def test_what_aws_needs_is_named(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, told: str
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.delenv(missing)
    with pytest.raises(Refused, match=told):
        of_parameters("/flow/prod")

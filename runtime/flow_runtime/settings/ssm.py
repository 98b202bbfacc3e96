"""Settings in AWS Systems Manager's Parameter Store: `PREFIX/database` is the setting `database`. A SecureString comes decrypted."""

from typing import Any

from flow_engine.errors import FlowError, MissingLibrary, Refused

from flow_runtime.settings.layer import Layer, known, read
from flow_runtime.settings.trouble import ParametersDown

CONNECT, ANSWER, ATTEMPTS = 3.0, 5.0, 2
"""Seconds to a connection and to an answer, and how often each page is asked for."""


def of_parameters(prefix: str) -> Layer:
    """All below the prefix, page by page. Raises Refused for what has to be changed, ParametersDown for what may pass."""
    path = "/" + prefix.strip("/")
    texts: dict[str, str] = {}
    origins: dict[str, str] = {}
    for name, value in _found(path):
        where = f"ssm:{name}"
        setting = known(name[len(path) :].lstrip("/"), where)
        texts[setting.key], origins[setting.key] = read(setting, value.strip(), where), where
    return Layer(texts, origins)


def _found(path: str) -> list[tuple[str, str]]:
    try:
        from boto3.session import Session
        from botocore.config import Config
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            NoCredentialsError,
            NoRegionError,
            PartialCredentialsError,
        )
    except ImportError as error:
        raise MissingLibrary("boto3", "aws", f"FLOW_SSM_PREFIX={path}") from error
    retries: Any = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
    try:
        client = Session().client("ssm", config=Config(connect_timeout=CONNECT, read_timeout=ANSWER, retries=retries))
        pages = client.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True, WithDecryption=True)
        return [(str(one["Name"]), str(one["Value"])) for page in pages for one in page["Parameters"]]
    except NoRegionError:
        raise Refused(f"ssm:{path}: AWS needs a region: set AWS_DEFAULT_REGION, or `region` in ~/.aws/config") from None
    except (NoCredentialsError, PartialCredentialsError):
        wanted = "give this host a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise Refused(f"ssm:{path}: AWS needs credentials: {wanted}") from None
    except ClientError as error:
        raise _refusal(path, error.response) from None
    except (BotoCoreError, ValueError) as error:
        raise ParametersDown(f"ssm:{path}: Parameter Store does not answer: {_line(error)}") from None


def _refusal(path: str, answer: Any) -> FlowError:
    error, status = answer.get("Error", {}), int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code, message = str(error.get("Code", "")), _line(error.get("Message", ""))
    if "AccessDenied" in code or status == 403:
        return Refused(
            f"ssm:{path}: AWS refuses: allow ssm:GetParametersByPath on it, and kms:Decrypt for SecureStrings ({message})"
        )
    if status >= 500 or status == 429 or "Throttling" in code:
        return ParametersDown(f"ssm:{path}: Parameter Store does not answer: {code} {message}")
    return Refused(f"ssm:{path}: AWS refuses with {code}: {message}")


def _line(error: object) -> str:
    return " ".join(str(error).split())[:300]

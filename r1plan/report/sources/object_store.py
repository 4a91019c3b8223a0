"""Objects of `s3://BUCKET/KEY`, at Amazon and at whatever speaks like it: which of them are meant, and what they hold.

Asked by obstore, which takes keys, the region and another server's address (`AWS_ENDPOINT_URL`) from the environment,
as other tools do. What stands in `~/.aws` is read here: it knows nothing of these files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from r1plan.errors import LogError, UsageError

if TYPE_CHECKING:
    from obstore.store import S3Store

_CHUNK_BYTES = 1 << 20
_LISTED_AT_ONCE = 1000
_MOST_OBJECTS = 100_000
_SPECIAL = re.compile(r"[*?\[]")
_KEYS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for what everybody may read"
_LOGS = "give s3://BUCKET/KEY, a pattern such as s3://BUCKET/logs/*.jsonl.gz, or a folder, s3://BUCKET/logs/"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
# Others give what is needed, one way or another.
_OTHER_WAYS = (
    *("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SKIP_SIGNATURE"),
)


def objects(url: str, may_be_read: Callable[[str], bool]) -> list[str]:
    """The addresses of the objects that `url` means, in order: one, those of a pattern, or below a folder.

    Of a folder those whose names `may_be_read`. Raises LogError and UsageError.
    """
    bucket, key = _parted(url)
    if special := _SPECIAL.search(key):
        folder, pattern = key[: special.start()].rpartition("/")[0], re.compile(_regex(key))
        found = [each for each in _listed(url, bucket, folder) if pattern.fullmatch(each)]
        if not found:
            raise LogError(f"no object matches {url}.", _LOGS)
    elif key and not key.endswith("/") and may_be_read(key.rpartition("/")[2]):
        return [url]
    else:
        found = [each for each in _listed(url, bucket, key.rstrip("/")) if may_be_read(each.rpartition("/")[2])]
        if not found and key and not key.endswith("/"):
            return [url]
        if not found:
            raise LogError(f"{url} holds no usage log.", _LOGS)
    return [f"s3://{bucket}/{each}" for each in sorted(found)]


def fetch(url: str, write: Callable[[bytes], None]) -> None:
    """Give every piece of the object at `url` to `write`, in order. Raises LogError, and what `write` raises."""
    bucket, key = _parted(url)
    with _explained(url, bucket):
        found = iter(_store(bucket).get(key).stream(min_chunk_size=_CHUNK_BYTES))
    while True:
        with _explained(url, bucket):
            chunk = next(found, None)
        if chunk is None:
            return
        write(bytes(chunk))


def _parted(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def _listed(url: str, bucket: str, folder: str) -> list[str]:
    found: list[str] = []
    with _explained(url, bucket):
        for some in _store(bucket).list(folder or None, chunk_size=_LISTED_AT_ONCE):
            found += [each["path"] for each in some]
            if len(found) > _MOST_OBJECTS:
                raise LogError(f"{url} holds more than {_MOST_OBJECTS:,} objects.", "give a folder or pattern of fewer")
    return found


def _store(bucket: str) -> S3Store:
    try:
        from obstore.store import S3Store
    except ImportError as error:
        raise UsageError(
            "what s3:// holds is read by obstore, which is not here.", "pip install 'r1plan[s3]'"
        ) from error
    settings = _of_files(os.environ)
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or settings.get("endpoint")
    if endpoint:
        settings["endpoint"] = endpoint
    options: Any = {"timeout": "60s", "connect_timeout": "10s"}
    if endpoint and urlsplit(endpoint).hostname in _HERE:
        options["allow_http"] = True
    return S3Store(
        bucket,
        config=settings,  # type: ignore[arg-type, unused-ignore]
        client_options=options,
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
    )


def _of_files(environment: Mapping[str, str]) -> dict[str, Any]:
    """The keys and the region in `~/.aws`, as far as the environment does not say them."""
    profile = environment.get("AWS_PROFILE") or "default"
    told: dict[str, Any] = {}
    if not any(environment.get(name) for name in _OTHER_WAYS):
        keys = _section(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials", (profile,))
        names = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}
        told |= {name.removeprefix("aws_"): keys[name] for name in names & keys.keys()}
    config = _section(environment.get("AWS_CONFIG_FILE") or "~/.aws/config", (f"profile {profile}", profile))
    if "region" in config and not (environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")):
        told["region"] = config["region"]
    if "endpoint_url" in config:
        told["endpoint"] = config["endpoint_url"]
    return told


def _section(file: str, names: tuple[str, ...]) -> Mapping[str, str]:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(Path(file).expanduser(), encoding="utf-8")
    except (ConfigError, OSError, UnicodeDecodeError, RuntimeError):
        return {}
    return next((dict(parser.items(name)) for name in names if parser.has_section(name)), {})


@contextmanager
def _explained(url: str, bucket: str) -> Iterator[None]:
    """What the store says in a sentence of ours."""
    try:
        yield
    except (LogError, UsageError, OSError) as error:
        # FileNotFoundError, for one, is how it says that there is no such object.
        if not type(error).__module__.startswith("obstore") and not isinstance(error, FileNotFoundError):
            raise
        raise _error(url, bucket, error) from error
    except Exception as error:
        if not type(error).__module__.startswith("obstore"):
            raise
        raise _error(url, bucket, error) from error


def _error(url: str, bucket: str, error: Exception) -> LogError:
    text = str(error)
    for word, message, hint in (
        (
            "NoSuchBucket",
            f"there is no bucket {bucket}, where {url} should be.",
            "see how it is spelled, and AWS_REGION",
        ),
        ("NoSuchKey", f"{url} does not exist.", _LOGS),
        ("latest/api/token", f"no keys are known for {url}.", _KEYS),
        ("latest/meta-data", f"no keys are known for {url}.", _KEYS),
        ("region", f"{url} is in another region.", "set AWS_REGION to the bucket's"),
        ("InvalidAccessKeyId", f"the server knows no such key as that for {url}.", _KEYS),
        ("SignatureDoesNotMatch", f"the secret key for {url} is wrong.", _KEYS),
        ("AccessDenied", f"{url} may not be read with these keys.", _KEYS),
    ):
        if word in text:
            return LogError(message, hint)
    if type(error).__name__ in ("NotFoundError", "FileNotFoundError"):
        return LogError(f"{url} does not exist.", _LOGS)
    if type(error).__name__ in ("PermissionDeniedError", "UnauthenticatedError"):
        return LogError(f"{url} may not be read with these keys.", _KEYS)
    return LogError(f"{url} was not fetched: {_first(text)}.", "see AWS_ENDPOINT_URL and AWS_REGION")


def _first(text: str) -> str:
    """What went wrong, of all that is told of it."""
    return text.partition("\n")[0].rpartition(" - ")[2].strip().rstrip(".") or "it says no more"


def _regex(pattern: str) -> str:
    """As of file names: `*` and `?` are within one folder, `**` any folders."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}

    def read(part: str) -> str:
        if part in words:
            return words[part]
        if len(part) > 2 and part.startswith("[") and part.endswith("]"):
            inside = part[1:-1].replace("\\", "\\\\")
            return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
        return re.escape(part)

    return "".join(read(part) for part in re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\])", pattern))

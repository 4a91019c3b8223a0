"""Which llama-cpp-python is installed, read off its folders: loading it takes far longer than most who ask have."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

_RECORD = "llama_cpp_python-*.dist-info"  # PEP 376: what an installer leaves beside the package


def installed_version() -> str | None:
    """Its version, such as 0.3.36; None where it is not installed or does not say."""
    found = find_spec("llama_cpp")
    for each in (found and found.submodule_search_locations) or ():
        for record in sorted(Path(each).parent.glob(_RECORD)):
            return record.name.removesuffix(".dist-info").partition("-")[2]
    return None

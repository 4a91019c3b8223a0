"""`make bench`: every measurement, one after another; `python -m tests.bench startup` runs one."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = (
    "startup",
    "estimate",
    "local_chat",
    "prices",
    "spend_report",
    "journal",
    "budget",
    "peers",
    "speed",
    "memory",
    "servers",
    "wire",
    "routing",
    "live_chat",
    "pull",
)


def main() -> None:
    """Run the measurements that the command line names, or all of them."""
    for name in sys.argv[1:] or BENCHES:
        import_module(f"tests.bench.{name}").run()


if __name__ == "__main__":
    main()

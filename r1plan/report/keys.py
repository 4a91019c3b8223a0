"""What a report can be grouped by."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.errors import NotFound, UsageError

COLUMNS = ("provider", "model", "project", "day", "status")


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A column of COLUMNS, or the tag `tag`. `name` is how it was asked for."""

    name: str
    tag: str | None = None


def parse_keys(text: str) -> tuple[GroupKey, ...]:
    """The keys of a list such as "provider,day,tag:team"; empty for the totals alone.

    Raises NotFound for an unknown key, UsageError for a tag without a name.
    """
    keys = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        kind, colon, tag = name.partition(":")
        if kind == "tag" and colon:
            if not tag:
                raise UsageError("'tag:' names no tag.", "write tag:NAME, such as --by tag:team")
            keys.append(GroupKey(name, tag))
        elif name in COLUMNS:
            keys.append(GroupKey(name))
        else:
            known = (*COLUMNS, "tag:NAME")
            raise NotFound.among("group", name, known, f"--by takes {', '.join(known)}")
    return tuple(dict.fromkeys(keys))

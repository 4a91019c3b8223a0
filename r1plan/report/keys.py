"""What a report can be grouped by, and the SQL of each key over the table of priced requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from r1plan.errors import NotFound, UsageError

COLUMNS = ("provider", "model", "served", "project", "key", "status", "month", "day", "hour-of-clock")
"""Their names, but for tag:NAME."""

# By name. `day` is what a join of sql/day.sql gives. The hour is the provider's: prices of the clock go by UTC. What is
# known only as the sum of a longer time has none.
_EXPRESSIONS: Mapping[str, str] = {
    "day": "day",
    "month": "day[1:7]",
    "hour-of-clock": "CASE WHEN span_us <= 3600000000 THEN printf('%02d:00 UTC', placed_us // 3600000000 % 24)"
    " || COALESCE(' ' || replace(tier, '_', '-'), '') END",
}
IN_TIME: frozenset[str] = frozenset({"month", "day", "hour-of-clock"})
"""Those whose groups are shown in their own order, and not the dearest first."""

_ALSO: Mapping[str, str] = {"hour": "hour-of-clock", "hour_of_clock": "hour-of-clock"}


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A column of COLUMNS, or the tag `tag`. `name` is how it was asked for."""

    name: str
    tag: str | None = None

    @property
    def needs_days(self) -> bool:
        """Whether its SQL needs the day of each request in the report's time zone."""
        return self.name in ("day", "month")

    @property
    def column(self) -> str:
        """The column of a priced request that it is, or is made of."""
        return "tags" if self.tag is not None else self.name

    def sql(self, tag_parameter: str) -> str:
        """Its value for a priced request; for a tag its path is the parameter `tag_parameter`."""
        if self.tag is not None:
            return f"tags ->> ${tag_parameter}"
        return _EXPRESSIONS.get(self.name, f'"{self.name}"')

    @property
    def tag_path(self) -> str:
        """Where the tag stands in the JSON of all tags."""
        return "/" + (self.tag or "").replace("~", "~0").replace("/", "~1")


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
        elif (plain := _ALSO.get(name, name)) in COLUMNS:
            keys.append(GroupKey(plain))
        else:
            known = (*COLUMNS, "tag:NAME")
            raise NotFound.among("group", name, known, f"--by takes {', '.join(known)}")
    return tuple(dict.fromkeys(keys))

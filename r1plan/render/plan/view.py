"""What a plan's screens need to know of an engine: everything else is the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from r1plan.errors import NothingFits
from r1plan.plan.plan import Plan, PlannedOption, Rejection
from r1plan.plan.reasons import CauseKind

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom
    from r1plan.render.plan.bars import MemoryBar
    from r1plan.render.text.screen import Screen

OptionT = TypeVar("OptionT", bound=PlannedOption)


class TableColumn(NamedTuple, Generic[OptionT]):
    """A column of the table of options, between the model and the reason.

    Where the table has no room it takes `short` cells, and where that is not enough it is left out. Of all columns the
    one with the lowest `shortens`, and later `leaves`, gives way first; None never does.
    """

    title: str
    cell: Callable[[OptionT], str]
    left: bool = False
    short: Callable[[OptionT], str] | None = None
    shortens: int = 0
    leaves: int | None = None


HEADLINE_LINES = 2
"""What a headline takes of a terminal at most, where words can be left out of it."""


class Line(NamedTuple):
    """A line of the opening; a `verbatim` one is a command to copy, and broken as a shell allows."""

    text: str
    verbatim: bool = False


class EngineView(Protocol[OptionT]):
    """How an engine's plans are shown."""

    @property
    def tally(self) -> Mapping[CauseKind, tuple[str, str]]:
        """What is said of one option that was rejected for a kind of cause, and of several, in the order said."""

    def opening(self, plan: Plan[OptionT], columns: int) -> Iterator[Line]:
        """What to run, in two lines of `columns` where it can be said so, and how."""

    def where_to_get(self, option: OptionT) -> str:
        """The option's repository, files and bytes, as the last line of a plan."""

    def shows_table(self, plan: Plan[OptionT]) -> bool:
        """Whether the options are set beside each other."""

    def columns(self) -> tuple[TableColumn[OptionT], ...]:
        """The columns between the model and the time of an answer."""

    def bars(self, plan: Plan[OptionT]) -> Iterable[MemoryBar]:
        """The memory of the choice, device by device; none where it does not fit."""

    def nearest(self, plan: Plan[OptionT]) -> tuple[str, list[Rejection]]:
        """The rejected options to speak of, and what they are called together."""

    def setting_fields(self, option: OptionT) -> dict[str, Any]:
        """The document's fields of one option from `kv_type` to `memory`."""

    def download_fields(self, plan: Plan[OptionT], option: OptionT) -> dict[str, Any] | None:
        """Where the option's files are to be had, and the lines that fetch and run it; None where nobody knows."""

    def own_fields(self, option: OptionT) -> dict[str, Any]:
        """The document's fields of one option that only this engine has."""

    def plan_fields(self, plan: Plan[OptionT], headroom: Headroom[OptionT] | None) -> dict[str, Any]:
        """The document's last fields."""

    def explained(
        self, plan: Plan[OptionT], option: OptionT, headroom: Headroom[OptionT] | None, screen: Screen
    ) -> Iterator[str]:
        """The chosen option in parts, each below its heading: memory, headroom, speed, quality."""

    def failure(self, plan: Plan[OptionT]) -> NothingFits | None:
        """The error to end with when there is no choice or it does not fit."""

    def remarks(self, plan: Plan[OptionT]) -> Iterator[str]:
        """What is said beside the result, on standard error."""

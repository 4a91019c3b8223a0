"""What a plan's page holds, in words and places: a value that the template only writes down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from r1plan.errors import NothingFits
from r1plan.market.compare import ApiOffer
from r1plan.money import month_usd, usd
from r1plan.plan.plan import Plan
from r1plan.plan.quality import Quality
from r1plan.plan.speed import Speed
from r1plan.plan.workload import Workload
from r1plan.render.assumptions import machine_remarks
from r1plan.render.outlook.opening import month_lines
from r1plan.render.page.memory import DeviceBar, device_bars
from r1plan.render.page.month import month_parts, ways_remarks, ways_table
from r1plan.render.page.parts import PageTable
from r1plan.render.page.picture import NARROW, WIDE, Picture, laid_out, quality_and_speed
from r1plan.render.page.rejected import RejectedModel, by_model, summary
from r1plan.render.page.words import KICKERS, REASONS_BELOW, SCALE, benchmark_name, beyond_text, rates
from r1plan.render.plan.engines.llamacpp_explained import more_room
from r1plan.render.plan.model_lines import r1_text
from r1plan.render.plan.summary import aside_text, larger_line
from r1plan.render.plan.table import answer_column
from r1plan.render.plan.view import EngineView, OptionT, TableColumn
from r1plan.render.plan.words import improvement_text, machine_notes, standing_text
from r1plan.render.text.units import count

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom
    from r1plan.plan.outlook.outlook import Outlook

# As wide as a window: nothing of a headline is left out.
_COLUMNS = 200
# Where a month follows, that it takes one line of a title: what runs where, and how fast.
_SHORT = 60


class Figure(NamedTuple):
    """A figure with its name, and where it comes from."""

    name: str
    value: str
    basis: str = ""


class FileSource(NamedTuple):
    """Where an option's files are: a sentence that names `repo` between its two parts; None: it names none.

    `name` is empty for the choice itself.
    """

    name: str
    before: str
    repo: str | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPage:
    """The page. `fits` tells an answer from the news that there is none, `kicker` in words; `hint` says what to do.

    `capacity` follows the headline where a month was asked about: whom it serves, and what that costs.

    `commands` are to be copied, `remarks` stand below the headline; `source` has the choice's files, `sources` those of
    the alternatives. `pictures` are the same, one for wide windows and
    one for narrow ones. `month` are headings with the lines below each; an indented line belongs to the one before.
    `command` made the page, with `version`.
    """

    title: str
    fits: bool
    kicker: str
    headline: str
    hint: str | None
    commands: tuple[str, ...]
    source: FileSource | None
    capacity: tuple[str, ...]
    remarks: tuple[str, ...]
    bars: tuple[DeviceBar, ...]
    of: str
    pictures: tuple[Picture, ...]
    scale: str
    beyond: str
    options: PageTable | None
    sources: tuple[FileSource, ...]
    speeds: tuple[Figure, ...]
    speed_basis: str
    scores: tuple[Figure, ...]
    quant_loss: str
    room: tuple[Figure, ...]
    month: tuple[tuple[str, tuple[str, ...]], ...]
    month_first: bool
    ways: PageTable | None
    ways_remarks: tuple[str, ...]
    api_heading: str
    api: PageTable | None
    rejected: tuple[RejectedModel, ...]
    rejected_summary: str
    assumptions: tuple[str, ...]
    command: str
    version: str


def plan_page(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    api: Sequence[ApiOffer],
    headroom: Headroom[OptionT] | None,
    points: Mapping[str, float],
    made: tuple[str, str],
    outlook: Outlook | None = None,
) -> PlanPage:
    """The page of a plan.

    `points` are the quality indices of options by id, for the picture; `made` are the command that made the page and
    the program's version.
    """
    choice, failure = plan.choice, view.failure(plan)
    month = tuple(month_lines(plan, outlook)) if outlook is not None else ()
    opening = tuple(view.opening(plan, _SHORT if month else _COLUMNS))
    said = [line.text for line in opening if not line.verbatim]
    headline = failure.message if failure else said[0]
    remarks = said[1:] if choice is not None else said
    if plan.r1 is not None and failure is None:
        remarks.append(r1_text(plan.r1))
    remarks.extend(filter(None, (larger_line(plan),)))
    listed = choice is None or choice.fits  # what was asked for and does not fit is all that was rejected
    known = quality_and_speed(plan, points)
    pictures = tuple(each for each in (laid_out(known, plan, size) for size in (WIDE, NARROW)) if each is not None)
    return PlanPage(
        title=_title(plan),
        fits=failure is None,
        headline=_sentence(headline),
        kicker=KICKERS["fits" if failure is None else "nothing" if choice is None else "asked"],
        hint=_hint(failure) if failure else None,
        commands=tuple(line.text.strip() for line in opening if line.verbatim),
        source=_source(view, plan, choice, "") if choice and choice.fits else None,
        capacity=tuple(map(_sentence, month)),
        remarks=tuple(remarks),
        bars=device_bars(view.setting_fields(choice)["memory"], plan.machine) if choice else (),
        of=f"{choice.id} at {choice.context:,} tokens" if choice else "",
        pictures=pictures,
        scale=SCALE,
        beyond=beyond_text(pictures[0].beyond) if pictures else "",
        options=_options(view, plan) if view.shows_table(plan) else None,
        sources=tuple(_sources(view, plan)),
        speeds=tuple(_speeds(choice.speed)) if choice and choice.fits else (),
        speed_basis=f"{choice.speed.basis}: {choice.speed.source}" if choice else "",
        scores=tuple(_scores(choice.quality)) if choice else (),
        quant_loss=_quant_loss(choice.quant_name, choice.quality) if choice else "",
        room=tuple(_room(headroom)) if headroom is not None else (),
        month=month_parts(outlook) if outlook else (),
        month_first=bool(outlook and outlook.is_asked),
        ways=ways_table(outlook) if outlook else None,
        ways_remarks=tuple(ways_remarks(outlook)) if outlook else (),
        api_heading=_api_heading(api, plan.workload),
        api=_api(api) if api else None,
        rejected=by_model(view, plan) if listed else (),
        rejected_summary=summary(view, plan),
        assumptions=tuple(dict.fromkeys(_assumptions(view, plan))),
        command=made[0],
        version=made[1],
    )


def _title(plan: Plan[OptionT]) -> str:
    choice = plan.choice
    if choice is None:
        return "r1plan: nothing fits"
    return f"r1plan: {choice.id}" + ("" if choice.fits else " does not fit")


def _sentence(text: str) -> str:
    """`text` as a sentence of its own."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "?", "!")) else f"{whole}."


def _hint(failure: NothingFits) -> str | None:
    if failure.hint is None or "--explain" in failure.hint:
        return REASONS_BELOW
    return _sentence(failure.hint)


def _assumptions(view: EngineView[OptionT], plan: Plan[OptionT]) -> Iterator[str]:
    """A sentence for each; the line that has them all in brief is for terminals."""
    in_brief = set(machine_remarks(plan.machine))
    for each in (*machine_notes(plan), *(each for each in view.remarks(plan) if each not in in_brief)):
        yield _sentence(each.removeprefix("Assumed: "))


def _options(view: EngineView[OptionT], plan: Plan[OptionT]) -> PageTable:
    columns: tuple[TableColumn[OptionT], ...] = (*view.columns(), answer_column(plan.workload))
    heads = ("", "model", *(column.title for column in columns), "why")
    rows = tuple(
        (
            str(number),
            f"{option.model.id} {option.quant_name}",
            *(column.cell(option) for column in columns),
            standing_text(option.why),
        )
        for number, option in enumerate(plan.options, 1)
    )
    return PageTable(heads, rows, frozenset(place for place, column in enumerate(columns, 2) if not column.left))


def _sources(view: EngineView[OptionT], plan: Plan[OptionT]) -> Iterator[FileSource]:
    """Where the alternatives are had, each once."""
    told = set() if plan.choice is None else {plan.choice.id}
    for option in plan.alternatives:
        if option.fits and option.id not in told:
            told.add(option.id)
            yield _source(view, plan, option, f"{option.model.id} {option.quant_name}")


def _source(view: EngineView[OptionT], plan: Plan[OptionT], option: OptionT, name: str) -> FileSource:
    said = view.where_to_get(option)
    repo = (view.download_fields(plan, option) or {}).get("repo")
    before, found, after = said.partition(repo) if repo else (said, "", "")
    return FileSource(name, before if not name else before.removeprefix("Get it: "), repo if found else None, after)


def _speeds(speed: Speed) -> Iterator[Figure]:
    for each in sorted(speed.decode, key=lambda one: one.depth):
        yield Figure(f"writing, {each.depth:,} tokens deep", rates(each.tok_s))
    if speed.prefill_tok_s is not None:
        yield Figure("reading the prompt", rates(speed.prefill_tok_s))
    yield Figure("what limits it", speed.bottleneck)


def _scores(quality: Quality) -> Iterator[Figure]:
    for score in quality.scores:
        yield Figure(benchmark_name(score.benchmark), f"{score.score:g}", score.source)


def _quant_loss(quant: str, quality: Quality) -> str:
    loss = quality.quant
    return (
        f"{quant}: perplexity {loss.perplexity_ratio:.3f} times that of the full model ({loss.basis}; {loss.source})."
    )


def _room(headroom: Headroom[OptionT]) -> Iterator[Figure]:
    for gain in headroom.gains:
        yield Figure(more_room(gain), improvement_text(gain.better) if gain.better else "would change nothing")


def _api_heading(api: Sequence[ApiOffer], workload: Workload) -> str:
    longer = ", more where the model thinks longer than R1" if any(_is_longer(each, workload) for each in api) else ""
    return f"1,000 requests of {count(workload.input_tokens, 'token')} in, {workload.output_tokens:,} out{longer}"


def _is_longer(offer: ApiOffer, workload: Workload) -> bool:
    return offer.output_tokens > workload.output_tokens


def _api(api: Sequence[ApiOffer]) -> PageTable:
    monthly = any(offer.usd_per_month is not None for offer in api)
    rows = tuple(
        (
            offer.provider_name,
            f"{offer.model}{aside_text(offer)}",
            "R1 itself" if offer.is_r1 else "a successor",
            f"{offer.output_tokens:,}",
            usd(offer.usd_per_request * 1000),
            *([month_usd(offer.usd_per_month) if offer.usd_per_month is not None else "-"] if monthly else []),
        )
        for offer in api
    )
    heads = ("seller", "model", "what", "tokens out", "1,000 requests", *(["a month"] if monthly else []))
    return PageTable(heads, rows, frozenset({3, 4, 5}))

"""What was rejected: a paragraph for each model, in which a count and the nearest miss stand for each cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.reasons import CauseKind, NeedsMemory, NeedsShare, RanksBelow, Slow, kind_of
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.plan.words import cause_text, difference_text
from r1plan.units import GIB


def rejected_groups(view: EngineView[OptionT], plan: Plan[OptionT]) -> Iterator[str]:
    """A paragraph for each model, the one that lacks the least memory first."""
    by_model: dict[str, dict[CauseKind, list[Rejection]]] = {}
    for each in plan.rejected:
        model, _, _ = each.id.rpartition(":")
        by_model.setdefault(model, {}).setdefault(kind_of(each.cause), []).append(each)
    for model, by_kind in by_model.items():
        told = [_told(by_kind[kind], view.tally[kind]) for kind in view.tally if kind in by_kind]
        yield f"{model}: {'; '.join(told)}."


def _told(rejected: Sequence[Rejection], says: tuple[str, str]) -> str:
    """Those of one kind: how many, their range of figures, and the one that is nearest to being offered."""
    count, nearest = len(rejected), _nearest(rejected)
    what = f"{count:,} {says[count > 1]}"
    if count > 1 and (range_text := _range_text(rejected)):
        what += f", {range_text}"
    called = f"{'nearest ' if count > 1 else ''}{nearest.id.rpartition(':')[2]}"
    return f"{what} ({called}: {_short_cause(nearest)})"


def _nearest(rejected: Sequence[Rejection]) -> Rejection:
    """Of the slow the fastest, of others the first: the nearest miss, or the best, stands before the others."""
    return max(rejected, key=lambda each: each.cause.tok_s if isinstance(each.cause, Slow) else 0.0)


def _range_text(rejected: Sequence[Rejection]) -> str:
    """The figures of all, from the least to the most; nothing where a cause has none."""
    sizes = [size / GIB for each in rejected if (size := _needed_bytes(each)) is not None]
    speeds = [each.cause.tok_s for each in rejected if isinstance(each.cause, Slow)]
    if len(sizes) == len(rejected):
        return f"{min(sizes):,.1f} to {max(sizes):,.1f} GiB in all"
    if len(speeds) == len(rejected):
        return f"{min(speeds):,.1f} to {max(speeds):,.1f} tok/s"
    return ""


def _needed_bytes(rejected: Rejection) -> int | None:
    match rejected.cause:
        case NeedsMemory():
            return rejected.cause.needed_bytes
        case NeedsShare():
            return rejected.cause.needed_bytes * rejected.cause.gpus
        case _:
            return None


def _short_cause(rejected: Rejection) -> str:
    cause = rejected.cause
    if not isinstance(cause, RanksBelow):
        return cause_text(cause)
    said = [difference_text(cause.difference)]
    if cause.tok_s is not None:
        said.append(f"{cause.tok_s:.{0 if cause.tok_s >= 10 else 1}f} tok/s")
    if cause.not_on_gpu is not None:
        said.append("experts on disk" if cause.from_disk else "partly in RAM")
    return ", ".join(said)

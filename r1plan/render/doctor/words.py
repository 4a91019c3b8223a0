"""Each finding in words: what is there, and the command or the change that mends or adds what is not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from r1plan.doctor.catalogue import STALE_DAYS, Catalogue
from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.folders import Folder, FreeDisk, Logs
from r1plan.doctor.keys import Keyring, Keys
from r1plan.doctor.program import Program
from r1plan.doctor.report import Finding, MachineSeen, Unknown
from r1plan.doctor.terminal import LEAST_COLUMNS, TerminalFacts
from r1plan.render.machine import sentence
from r1plan.render.text.units import card_name, count
from r1plan.units import GB, MIB

_REBUILD = "pip install --force-reinstall --no-cache-dir --no-binary llama-cpp-python 'r1plan[local]'"


@dataclass(frozen=True, slots=True)
class FindingText:
    """`topic` is one word, `mend` what to type or change; None: there is nothing to mend."""

    topic: str
    found: str
    mend: str | None = None


@singledispatch
def told(finding: Finding) -> FindingText:
    """The finding in words."""
    raise AssertionError(finding)


@told.register
def _(finding: Program) -> FindingText:
    kind = "a checkout of the source" if finding.installed == "checkout" else "a package"
    own = "in an environment of its own" if finding.is_own else "the system's"
    return FindingText(
        "program",
        f"r1plan {finding.version} from {kind} in {finding.folder}; {finding.python}, {own} ({finding.python_path})",
    )


@told.register
def _(finding: MachineSeen) -> FindingText:
    text = " ".join((sentence(finding.machine), *finding.unseen))
    return FindingText("machine", text, "r1plan detect says all that it could ask." if finding.unseen else None)


@told.register
def _(finding: InstalledEngine) -> FindingText:
    build, flag = finding.build, finding.build_flag
    before = f'CMAKE_ARGS="{flag}" ' if flag else ""
    if build.state == "absent":
        return FindingText(
            "engine",
            "llama-cpp-python is not installed: providers answer, nothing on this machine.",
            f"{before}pip install 'r1plan[local]'",
        )
    if build.state == "fails":
        return FindingText("engine", f"llama-cpp-python cannot be loaded: {build.fault}.", f"{before}{_REBUILD}")
    backends = ", ".join(build.backends) or ("a graphics card" if build.offloads else "the processor alone")
    text = f"llama-cpp-python {build.version}, built for {backends}"
    if (card := finding.unused_card) is not None:
        return FindingText(
            "engine", f"{text}, which cannot use the {card_name(card.name)} here.", f"{before}{_REBUILD}"
        )
    return FindingText("engine", f"{text}.")


@told.register
def _(finding: Keys) -> FindingText:
    known = [f"{provider} ({variable})" for provider, variable in finding.by_variable.items()]
    known += [f"{provider} (keys.yaml)" for provider in finding.in_file]
    text = f"of {', '.join(known)}" if known else "none is set: r1-tiny or a model file answers, and no provider."
    if finding.wrong:
        wrong = " ".join(message for message, _hint in finding.wrong)
        return FindingText("keys", f"{wrong} Others: {', '.join(known) or 'none'}.", finding.wrong[0][1])
    return FindingText("keys", text, None if known else f"export {finding.example}=…")


@told.register
def _(finding: Keyring) -> FindingText:
    if finding.backend is not None:
        return FindingText("keyring", f"{finding.backend}; it is not unlocked to look for keys.")
    return FindingText("keyring", "none that works: keys are read from variables and keys.yaml.")


@told.register
def _(finding: Folder) -> FindingText:
    topic = finding.name
    if finding.fault is not None:
        return FindingText(
            topic, f"{finding.path} cannot be used: {finding.fault}.", "set R1PLAN_HOME to a folder of your own"
        )
    return FindingText(
        topic, f"{finding.path}" if finding.exists else f"{finding.path}, which is made when it is needed"
    )


@told.register
def _(finding: Logs) -> FindingText:
    if not finding.files:
        return FindingText("logs", "none yet: the first chat writes one.")
    text = f"{count(finding.files, 'month')} in {finding.folder}, {finding.size_bytes / MIB:,.1f} MiB"
    if finding.faults:
        return FindingText("logs", f"{text}; {'; '.join(finding.faults)}.", "give yourself the right to read them")
    if finding.unreadable:
        damaged = f"{count(finding.unreadable, 'line')} cannot be read"
        return FindingText("logs", f"{text}; {damaged}.", f"r1plan cost-report {finding.folder} names each")
    return FindingText("logs", f"{text}, every line readable.")


@told.register
def _(finding: FreeDisk) -> FindingText:
    if finding.free_bytes is None:
        return FindingText("disk", f"the free room in {finding.path} is not known.")
    text = f"{finding.free_bytes / GB:,.0f} GB free in {finding.path}."
    return FindingText("disk", text, "free some room: logs and answers need it" if finding.state == "broken" else None)


@told.register
def _(finding: Catalogue) -> FindingText:
    if finding.errors:
        more = f" ({count(len(finding.errors) - 1, 'more error')})" if len(finding.errors) > 1 else ""
        return FindingText("catalogue", f"{finding.errors[0]}{more}.", "r1plan prices check names each")
    text = f"{count(finding.files, 'file')} with {count(finding.prices, 'price')}"
    if finding.checked is None or finding.age_days is None:
        return FindingText("catalogue", f"{text}.")
    text += f", last looked up on {finding.checked}, {count(finding.age_days, 'day')} ago."
    stale = f"update r1plan, or add rows of your own: prices older than {STALE_DAYS} days may have changed"
    return FindingText("catalogue", text, stale if finding.is_stale else None)


@told.register
def _(finding: TerminalFacts) -> FindingText:
    where = "not a terminal" if finding.columns is None else f"{finding.columns} columns"
    text = f"{finding.encoding}, {where}."
    if not finding.is_utf8:
        return FindingText("terminal", text, "export PYTHONUTF8=1, or a locale such as LANG=C.UTF-8")
    return FindingText(
        "terminal", text, f"make it at least {LEAST_COLUMNS} columns wide" if finding.is_narrow else None
    )


@told.register
def _(finding: Unknown) -> FindingText:
    return FindingText(finding.topic, finding.error.message, finding.error.hint)

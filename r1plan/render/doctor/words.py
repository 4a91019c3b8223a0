"""Each finding in words: what is there, and the command or the change that mends or adds what is not."""

from __future__ import annotations

from functools import singledispatch

from r1plan.doctor.catalogue import STALE_DAYS, Catalogue
from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.folders import Folder, FreeDisk, Logs
from r1plan.doctor.keys import Keyring, Keys
from r1plan.doctor.measured import Measured
from r1plan.doctor.program import Program
from r1plan.doctor.report import Finding, MachineSeen, Unknown
from r1plan.doctor.slow.cause import Slowness
from r1plan.doctor.terminal import LEAST_COLUMNS, TerminalFacts
from r1plan.render.doctor.build_words import engine_text
from r1plan.render.doctor.slow_words import slow_text
from r1plan.render.doctor.text import FindingText
from r1plan.render.machine import sentence
from r1plan.render.text.units import count
from r1plan.units import GB, MIB


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
    return FindingText("machine", text, _driver(finding) if finding.unseen else None)


def _driver(finding: MachineSeen) -> str:
    """What brings a card into sight that nothing can use."""
    place = finding.place
    is_missing = any("driver" in each and "updated" not in each for each in finding.unseen)
    if place is None or not is_missing:
        return "r1plan detect says all that it could ask."
    if place.is_wsl:
        return "If this computer has a card of NVIDIA's, install its driver in Windows, and none in WSL."
    if place.is_container:
        return "Start the container with its cards: docker run --gpus all, podman run --device nvidia.com/gpu=all"
    sudo = "" if place.is_root else "sudo "
    if place.distribution == "ubuntu":
        return f"{sudo}ubuntu-drivers install"
    return "Install NVIDIA's driver: https://www.nvidia.com/drivers"


@told.register
def _(finding: InstalledEngine) -> FindingText:
    return engine_text(finding)


@told.register
def _(finding: Slowness) -> FindingText:
    return slow_text(finding)


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
def _(finding: Measured) -> FindingText:
    text = f"{count(finding.number, 'measurement')} of this machine in {finding.folder}"
    if not finding.damaged:
        return FindingText("measured", f"{text}.")
    first, why = finding.damaged[0]
    more = f" and {len(finding.damaged) - 1} more" if len(finding.damaged) > 1 else ""
    return FindingText(
        "measured", f"{text}; {first}{more} cannot be read: {why}.", "r1plan models verify MODEL measures again"
    )


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

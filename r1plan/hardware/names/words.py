"""A card's name taken apart into what says which chip, which variant of it, and what says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Maker = Literal["nvidia", "amd", "intel", "apple", "qualcomm"]

_MAKERS: dict[str, Maker] = {
    **dict.fromkeys(("nvidia", "geforce", "quadro", "tesla", "rtx", "gtx", "jetson", "hgx"), "nvidia"),
    **dict.fromkeys(("amd", "radeon", "rx", "instinct", "ryzen"), "amd"),
    **dict.fromkeys(("intel", "arc", "iris", "uhd"), "intel"),
    **dict.fromkeys(("apple", "macbook", "imac"), "apple"),
    **dict.fromkeys(("qualcomm", "adreno", "snapdragon"), "qualcomm"),
}
_SERIES = frozenset({"rtx", "gtx", "gt", "rx", "arc", "quadro", "tesla", "radeon", "instinct", "pro", "ai"})
_GENERATIONS = frozenset(
    {"kepler", "maxwell", "pascal", "volta", "turing", "ampere", "ada", "lovelace", "hopper", "blackwell"}
)
FORMS = frozenset({"sxm", "pcie", "nvl", "fhhl", "sff", "server", "workstation", "maxq"})
_LAPTOP = frozenset({"laptop", "mobile", "notebook"})
# Endings of a chip's name that make it another chip. What a name has of these, the row must have.
ENDINGS = frozenset({"ti", "super", "xt", "xtx", "gre", "d", "m", "s"})
# Processors: a name with one of these means no card, unless a card is called so too.
PROCESSORS = frozenset({"xeon", "epyc", "threadripper", "core", "celeron", "pentium", "atom", "altra", "graviton"})

# Says nothing of which card it is.
_NOISE = frozenset(
    re.findall(
        r"\S+",
        """
    nvidia amd intel apple qualcomm geforce r tm c gpu gpus card cards graphics generation gen edition design with w
    hgx dgx jetson ryzen the of a an each unified memory ram vram video adapter corporation corp inc technology
    modified mining one two four chip chips soc system series passive active nvgpu lovelace rev lite hash rate vga
    compatible controller
    """,
    )
)
# What makers and shops put around the name.
_SHOP = frozenset(
    re.findall(
        r"\S+",
        """
    asus rog strix tuf proart prime dual turbo msi ventus gaming gamer suprim vanguard inspire expert shadow trio
    aero armor mech liquid vapor gigabyte aorus eagle windforce vision master xtreme elite waterforce zotac trinity
    twin edge amp solo solid extreme airo holo evga ftw xc icx ultra sc kingpin hybrid pny xlr verto uprising revel
    epic palit gamerock jetstream stormx gainward phoenix panther phantom ghost python pegasus inno ichill galax kfa
    click sg hof serious colorful igame vulcan neptune battle ax manli nebula gallardo maxsun icraft terminator
    yeston sapphire nitro pulse pure toxic powercolor red devil reaper hellhound fighter xfx speedster merc mercury
    qick quick swft thicc asrock challenger taichi steel legend creator sparkle titan eco roc luna orc acer predator
    bifrost gunnir photon index biostar vastarmor hp dell lenovo hpe supermicro fujitsu founders fe le limited
    reference stock oc overclocked overclock white black silver snow magnetic plus fan fans triple single slot slots
    blower watercooled hydro ekwb low profile lp bulk oem retail box new used refurbished renewed hdmi dp
    displayport dlss ray tracing engineering developer development kit dev devkit module machine station desktop pc
    computer core laptop with passively cooled x z pcie pci express gddr hbm ddr lpddr lhr edition sxm accelerator
    """,
    )
)
_GEFORCE = re.compile(r"(?:10[5-8]|16[3-6]|20[5-8]|30[5-9]|40[5-9]|50[5-9])0")
_ENDING_RUN = re.compile(r"(?:super|laptop|mobile|notebook|maxq|ultra|pcie|sxm|nvl|gre|xtx|max|pro|ada|xt|ti|s|d|m)+")
_ENDING = re.compile(r"super|laptop|mobile|notebook|maxq|ultra|pcie|sxm|nvl|gre|xtx|max|pro|ada|xt|ti|s|d|m")
# "a6000", "h100", "mi50" and "m3" are one word; of "rtx4090" the letters are the series.
_ATOM = re.compile(r"(?<![a-z])(?:mi|gh|gb|gv|gp|[abehklmnprtvwx])\d+|[a-z]+|\d+")
_GLUED = re.compile(
    r"\b(geforce|radeon|quadro|tesla|nvidia|instinct|jetson|apple|intel|amd|rtx|gtx|rx|arc)(?=[a-z0-9])"
)

_DROPPED = (
    re.compile(r"\((?:r|tm|c)\)|[®™©]"),
    re.compile(r"\b(?:a[dt]|g[abhkmpv]|tu)\d{3}[a-z]*(?=\s*\[)"),  # lspci's "AD102 [GeForce RTX 4090]"
    re.compile(r"\(?\bone of \w+ gpus\)?"),
    re.compile(r"\b\d+(?:\.\d+)?\s*tb\b(?:\s*ssd)?|\b\d+\s*gb\s*(?:ssd|nvme|storage)\b"),
    re.compile(r"\b\d+[- ]?core\s+cpu\b|\b\d+[- ]?bit\b|\b\d+(?:\.\d+)?\s*(?:w|mhz|ghz|gbps|mm)\b"),
    re.compile(r"\bpci[- ]?e(?:xpress)?\s*(?:gen\s*)?[2-6](?:\.\d)?(?:\s*x\d+)?\b"),
    re.compile(r"\b(?:hdmi|dp|displayport|dlss|directx|dx)\s*v?\d+(?:\.\d+)?[a-z]?\b"),
    re.compile(r"\b(?:merc|mercury|qick|quick|swft|speedster|thicc)\s*\d+\b"),
    re.compile(
        r"\b(?:ftw|xc|icx|inno|ichill|twin|trio|ventus|windforce|mech|armor|gaming|thicc)[ -]?(?:x[ -]?)?[23](?:d|x)?\b"
    ),
    re.compile(r"\b(?:windforce|eagle|master|gaming|rev|edition)(?: oc)?(?: ice)? v?\.?[2-9](?:\.\d)?\b"),
)
_MAC = re.compile(
    r"\b(?:apple\s+)?(?:mac\s?book\s*(?:pro|air|neo)?|mac\s*(?:studio|mini|pro)|imac(?:\s*pro)?|mbp|mba)\b"
    r"(?:\s*(?:13|14|15|16|24|27)\b(?!\s*(?:gi?b|g\b|core|c\b)))?"
)
_SCREEN = re.compile(r"\b\d\d(?:[.,]\d)?\s*(?:-?\s*inch(?:es)?\b|[\"”″]|'')")
_YEAR = re.compile(r"\b20[12]\d\b")
_SIZE = re.compile(r"(?<![\w.])(?:(\d+(?:\.\d+)?)[ -]?(?:gi?b|gigs?|gigabytes?)|(\d{1,3})g)\b")
_CORES = re.compile(r"(?<![a-z\d.])(\d+)(?:[ -]?cores?|c)(?![a-z\d])")
_MEMORY_TYPE = re.compile(r"\b(?:lp)?g?ddr\d[x]?\b|\bhbm\d[a-z]?\b")


@dataclass(frozen=True, slots=True)
class Words:
    """A name taken apart. `chip` says which chip, the rest which variant of it.

    `sizes_gib` are the sizes with a unit. `stuck` are letters that follow digits at once and are no known ending.
    "4070s" has the word "super", but only "4070 super" `says_super`.
    """

    chip: frozenset[str]
    series: frozenset[str] = frozenset()
    generations: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    makers: frozenset[Maker] = frozenset()
    laptop: bool = False
    sizes_gib: tuple[float, ...] = ()
    cores: int | None = None
    memory_type: str | None = None
    stuck: frozenset[str] = field(default=frozenset())
    says_super: bool = False

    @property
    def numbers(self) -> frozenset[str]:
        """The words with a digit in them."""
        return frozenset(each for each in self.chip if not each.isalpha())


def words_of(name: str) -> Words:
    """`name` taken apart; without regard to case, punctuation and what shops add."""
    text = name.casefold().replace("max-q", "maxq").replace("max q", "maxq").replace("×", "x")
    makers: set[Maker] = set()
    if _MAC.search(text):
        makers.add("apple")
        text = _YEAR.sub(" ", _MAC.sub(" ", _SCREEN.sub(" ", text)))
    for pattern in _DROPPED:
        text = pattern.sub(" ", text)
    memory_type = None
    if found := _MEMORY_TYPE.search(text):
        memory_type = found[0]
        text = _MEMORY_TYPE.sub(" ", text)
    sizes = tuple(float(whole or short) for whole, short in _SIZE.findall(text))
    text = _SIZE.sub(" ", text)
    cores = int(found[1]) if (found := _CORES.search(text)) and len(found[1]) < 4 else None
    text = _CORES.sub(" ", text)
    text = re.sub(r"\b(sxm|nvl)\d+\b", r"\1", _GLUED.sub(r"\1 ", text))
    text = re.sub(r"\b(mi|gh|gb) (?=\d)", r"\1", text)
    read, stuck = _read(text)
    makers |= {_MAKERS[each] for each in read if each in _MAKERS}
    is_apple = makers == {"apple"} or any(re.fullmatch(r"m[1-9]", each) for each in read)
    series = frozenset() if is_apple else frozenset(read) & _SERIES
    generations = frozenset(read) & _GENERATIONS
    forms = frozenset(read) & FORMS
    chip = frozenset(read) - _NOISE - series - generations - forms - _LAPTOP
    return Words(
        chip=chip,
        series=series,
        generations=generations - {"lovelace"},
        forms=forms,
        makers=frozenset(makers),
        laptop=bool(frozenset(read) & _LAPTOP),
        sizes_gib=sizes,
        cores=cores,
        memory_type=memory_type,
        stuck=frozenset(stuck),
        says_super="super" in name.casefold(),
    )


def is_shop_word(word: str) -> bool:
    """Whether makers and shops put `word` around the name of any card."""
    return word in _SHOP


def _read(text: str) -> tuple[list[str], list[str]]:
    """The words, with "4070s" and "4070m" of a GeForce spelled out; and letters that stick to digits unread."""
    words: list[str] = []
    stuck: list[str] = []
    for token in re.findall(r"[a-z0-9]+", text):
        atoms = list(_atoms(token))
        for place, atom in enumerate(atoms):
            before = atoms[place - 1] if place else (words[-1] if words else "")
            if (
                place
                and atom.isalpha()
                and atoms[place - 1].isdigit()
                and (len(atom) == 1 or atom not in _SHOP | ENDINGS | _LAPTOP)
            ):
                stuck.append(atom)
            if place or token in ("s", "m"):
                number = next((each for each in reversed(words) if each.isdigit()), "")
                if atom == "s" and _GEFORCE.fullmatch(number):
                    atom = "super"
                elif atom == "m" and _GEFORCE.fullmatch(number) and (before.isdigit() or before in ENDINGS | {"super"}):
                    atom = "mobile"
            words.append(atom)
    return words, stuck


def _atoms(token: str) -> Iterator[str]:
    after_digits = False
    for atom in _ATOM.findall(token):
        if after_digits and atom.isalpha() and _ENDING_RUN.fullmatch(atom):
            yield from _ENDING.findall(atom)
        else:
            yield atom
        after_digits = not atom.isalpha()

"""Which files make up the catalogue: ours, and the user's laid over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from r1plan.errors import CatalogError
from r1plan.settings import catalog_folders


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """One file. `label` is how an error names it: its path from `profiles` or `pricing` on."""

    path: Path
    label: str


def files_of(kind: str, subfolder: str = "", stem: str | None = None) -> tuple[CatalogFile, ...]:
    """The YAML files of `kind`/`subfolder`, or the one called `stem`, ours before the user's, in order of name.

    Raises CatalogError when a folder cannot be read, or when none of the folders exists.
    """
    files: list[CatalogFile] = []
    found_folder = False
    for root in catalog_folders(kind):
        folder = root / subfolder
        try:
            if not folder.exists() and not folder.is_symlink():
                continue
            found_folder = True
            paths = sorted(each for each in folder.iterdir() if each.suffix.lower() in (".yaml", ".yml"))
        except OSError as error:
            label = folder.relative_to(root.parent).as_posix()
            raise CatalogError(f"{label}: {reason(error)}.", f"the folder is {folder}") from None
        files += (
            CatalogFile(path, path.relative_to(root.parent).as_posix()) for path in paths if stem in (None, path.stem)
        )
    if not found_folder:
        raise CatalogError(f"{Path(kind, subfolder).as_posix()}: the folder is missing.", "install r1plan again")
    return tuple(files)


def reason(error: OSError) -> str:
    """What the system says of `error`, as part of a sentence."""
    said = error.strerror or type(error).__name__
    return said[:1].lower() + said[1:]

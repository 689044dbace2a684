"""The sources that params.yaml names, and how one more, or a whole language more, is written into it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import read_params
from llmlab.cli.yaml_text import append_item, append_key, delete_item, delete_key, one_line

_PROMPTS = ("evaluate", "sample_prompts")


@dataclass(frozen=True)
class Listed:
    """An inline source as it stands in params.yaml."""

    lang: str
    entry: Mapping[str, Any]


class SourceList:
    """The params file, opened for editing its sources; nothing is written before `save`."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            LabError: it is missing, is no YAML, or lacks one of the lists that name languages.
        """
        self._path, self._values = path, read_params(path)
        try:
            self._scrape: dict[str, Any] = self._values["scrape"]
            self._prompts: dict[str, str] = self._values[_PROMPTS[0]][_PROMPTS[1]]
            lists = [self._values["languages"], *(section["sources"] for section in self._scrape.values())]
        except (KeyError, TypeError, AttributeError) as error:
            raise LabError(f"{path} lacks {error}", f"restore it with `git checkout {path}`") from error
        if not all(isinstance(names, list) and names for names in lists):
            raise LabError(
                f"{path} has an empty list of languages or sources", f"restore it with `git checkout {path}`"
            )
        self._text = path.read_text(encoding="utf-8")

    def named(self, name: str) -> Listed | None:
        """The inline source of that name, in whichever language."""
        for lang, section in self._scrape.items():
            for entry in section["sources"]:
                if isinstance(entry, Mapping) and entry.get("name") == name:
                    return Listed(lang, entry)
        return None

    def add(self, lang: str, source: Mapping[str, Any], prompt: str) -> None:
        """Put a source last in the list of its language; a new language is added wherever languages are named.

        Raises:
            LabError: the file is laid out in a way that these edits do not understand.
        """
        try:
            self._add(lang, source, prompt)
        except ValueError as error:
            raise self._not_understood(str(error)) from error

    def _add(self, lang: str, source: Mapping[str, Any], prompt: str) -> None:
        entry = one_line(dict(source))
        if lang in self._scrape:
            self._text = append_item(self._text, ("scrape", lang, "sources"), entry)
            self._scrape[lang]["sources"].append(dict(source))
        else:
            self._text = append_key(self._text, ("scrape",), lang, ["", "sources:", f"  - {entry}"])
            self._scrape[lang] = {"sources": [dict(source)]}
        if lang not in self.languages:
            self._text = append_item(self._text, ("languages",), one_line(lang))
            self._values["languages"].append(lang)
        if lang not in self._prompts:
            self._text = append_key(self._text, _PROMPTS, lang, [one_line(prompt)])
            self._prompts[lang] = prompt

    def remove(self, listed: Listed) -> str | None:
        """Take an inline source out, and its language with it when it was the last source.

        Returns:
            The language that went, or None.

        Raises:
            LabError: no language would be left, or the layout is not understood.
        """
        try:
            return self._remove(listed)
        except ValueError as error:
            raise error if isinstance(error, LabError) else self._not_understood(str(error)) from error

    def _remove(self, listed: Listed) -> str | None:
        sources = self._scrape[listed.lang]["sources"]
        if len(sources) == 1:
            self._remove_language(listed.lang)
            return listed.lang
        position = sources.index(listed.entry)
        self._text = delete_item(self._text, ("scrape", listed.lang, "sources"), position)
        del sources[position]
        return None

    @property
    def languages(self) -> list[str]:
        """As they would be written."""
        return [str(lang) for lang in self._values["languages"]]

    def save(self) -> None:
        """Write the file.

        Raises:
            LabError: the file is laid out in a way that these edits do not understand; it is as it was.
        """
        try:
            understood = yaml.safe_load(self._text) == self._values
        except yaml.YAMLError:
            understood = False
        if not understood:
            raise self._not_understood("another value would change")
        write_text(self._path, self._text)

    def _not_understood(self, why: str) -> LabError:
        return LabError(
            f"{self._path} is laid out in a way that `lab corpus` cannot edit: {why}",
            f"edit it by hand, or restore it with `git checkout {self._path}`",
        )

    def _remove_language(self, lang: str) -> None:
        if self.languages == [lang] or list(self._scrape) == [lang]:
            raise LabError(
                f"without it no language is left in {self._path}", "add another corpus first, with `lab corpus add`"
            )
        self._text = delete_key(self._text, ("scrape", lang))
        del self._scrape[lang]
        if lang in self.languages:
            position = self.languages.index(lang)
            self._text = delete_item(self._text, ("languages",), position)
            del self._values["languages"][position]
        if len(self._prompts) > 1 and lang in self._prompts:
            self._text = delete_key(self._text, (*_PROMPTS, lang))
            del self._prompts[lang]

"""A search on GitHub: pages of results, rate limits, and the commit that each repository stands at.

The interface gives at most 1,000 results to one search; licences are asked for one by one, since a search joins its
words with "and". The token comes from the environment, goes to the interface alone and stands in no message.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.pins import Entry, Journal, Query
from llmlab.corpus.web import Page, get_page

_PER_PAGE = 100
_MOST_RESULTS = 1000
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


def query_of(source: Source) -> Query:
    """What is searched for; pins are the answer to it."""
    return {
        "code_language": source.code_language,
        "licenses": sorted(source.licenses),
        "min_stars": source.min_stars,
        "max_kilobytes": source.max_kilobytes,
        "max_repositories": source.max_repositories,
    }


def find_repositories(source: Source, context: ReadContext) -> list[Entry]:
    """Repositories with most stars first found, then in the order of their names, each with its commit.

    Pages and commits that an interrupted run has seen are not asked for again. Archived repositories count, forks do
    not: the search leaves them out by itself.

    Raises:
        LabError: the search fails or says itself that it is incomplete, or a commit cannot be had.
    """
    journal = Journal(source, context, query_of(source))
    found: dict[str, Entry] = {}
    for license_key in sorted(source.licenses):
        for item in _search(license_key, source, context, journal):
            found[item["repository"]] = item
    most_stars = sorted(found.values(), key=lambda item: (-item["stars"], item["repository"]))
    chosen = most_stars[: source.max_repositories]
    if len(most_stars) > len(chosen):
        context.skipped["repository over max_repositories"] += len(most_stars) - len(chosen)
    if not chosen:
        raise LabError(f"source {source.name}: GitHub knows no repository that fits", "widen the entry's search")
    entries = []
    for item in sorted(chosen, key=lambda item: str(item["repository"])):
        with context.part(item["repository"]):
            entries.append(_with_commit(item, source, context, journal))
    return entries


def _search(license_key: str, source: Source, context: ReadContext, journal: Journal) -> list[Entry]:
    words = [
        f'language:"{source.code_language}"',
        f"license:{license_key}",
        f"stars:>={source.min_stars}",
        f"size:<={source.max_kilobytes}",
    ]
    items: list[Entry] = []
    # Each licence alone may fill the whole choice, so no more of it is needed.
    wanted = min(source.max_repositories, _MOST_RESULTS)
    for number in range(1, _MOST_RESULTS // _PER_PAGE + 1):
        key = f"search {license_key} {number}"
        page = journal.find(key)
        if page is None:
            asked = {"q": " ".join(words), "sort": "stars", "order": "desc", "per_page": _PER_PAGE, "page": number}
            page = journal.add(key, _results(f"{source.api}/search/repositories?{urlencode(asked)}", source, context))
        items += page["items"]
        if len(items) >= min(wanted, page["total"]) or not page["items"]:
            break
    return items


def _results(url: str, source: Source, context: ReadContext) -> Entry:
    answer = _json(_ask(url, source, context))
    if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
        raise LabError(f"{url} answered with no list of repositories", "check `api` of the source")
    if answer.get("incomplete_results"):
        raise LabError(f"{url}: GitHub says that its answer is incomplete", "run the command again")
    try:
        items = [_facts(item) for item in answer["items"] if not item.get("fork")]
        return {"total": int(answer["total_count"]), "items": items}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LabError(f"{url} answered with repositories of another shape ({error!r})", "check `api`") from error


def _facts(item: Mapping[str, Any]) -> Entry:
    if not _REPOSITORY.fullmatch(item["full_name"]):
        raise ValueError(f"{item['full_name']!r} is no repository's name")
    return {
        "repository": str(item["full_name"]),
        "branch": str(item["default_branch"]),
        "license": str(item["license"]["spdx_id"]),
        "stars": int(item["stargazers_count"]),
        "kilobytes": int(item["size"]),
    }


def _with_commit(item: Entry, source: Source, context: ReadContext, journal: Journal) -> Entry:
    known = journal.find(item["repository"])
    if known is None:
        url = f"{source.api}/repos/{item['repository']}/commits/{quote(item['branch'])}"
        answer = _ask(url, source, context, accept="application/vnd.github.sha")
        commit = answer.body.decode("ascii", "replace").strip()
        if not _COMMIT.fullmatch(commit):
            raise LabError(f"{url} answered {commit[:80]!r}, which is no commit", "run the command again")
        known = journal.add(item["repository"], {"commit": commit})
    kept = {key: value for key, value in item.items() if key != "branch"}
    return {**kept, "commit": known["commit"]}


def archive_url(source: Source, entry: Entry) -> str:
    """Where the files of a repository at its pinned commit are had, as .tar.gz."""
    return f"{source.api}/repos/{entry['repository']}/tarball/{entry['commit']}"


def token_headers(source: Source) -> dict[str, str]:
    """The header that carries the token of the environment, if it holds one."""
    token = os.environ.get(source.token_variable, "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _ask(url: str, source: Source, context: ReadContext, accept: str = "application/vnd.github+json") -> Page:
    page = get_page(
        url, context.limits, headers={"Accept": accept}, secret=token_headers(source), before=context.pace.wait
    )
    if page.status == 401:
        raise LabError(
            f"GitHub refuses the token in {source.token_variable}", f"renew it, or unset {source.token_variable}"
        )
    if page.status != 200:
        raise LabError(f"{url} answered with status {page.status}", "check the source's entry, and run again later")
    return page


def _json(page: Page) -> Any:
    try:
        return json.loads(page.body)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LabError(f"{page.url} answered with something that is no JSON: {error}", "run again later") from error

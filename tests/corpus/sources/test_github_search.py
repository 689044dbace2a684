import json
import time
from dataclasses import replace

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.github_search import find_repositories, query_of

from .servers import GitHub

SEARCH = "/search/repositories"


@pytest.fixture
def github(httpserver: HTTPServer) -> GitHub:
    return GitHub(httpserver, {f"o/r{number}": {} for number in range(5)}, o_r3=9, o_r4=8, o_r0=7)


def source(github: GitHub, **more: int) -> Source:
    return Source(
        name="s",
        kind="github",
        document="code",
        license="x",
        api=github.api,
        code_language="Smalltalk",
        licenses=["mit"],
        **more,  # type: ignore[arg-type]
    )


def names(github: GitHub, context: ReadContext, **more: int) -> list[str]:
    return [entry["repository"] for entry in find_repositories(source(github, **more), context)]


def test_all_pages_are_read_and_the_search_says_what_we_want(github: GitHub, context: ReadContext) -> None:
    assert names(github, context, min_stars=3, max_kilobytes=500) == [f"o/r{number}" for number in range(5)]
    pages = [request for request in github.requests if request.path.endswith(SEARCH)]
    assert [request.args["page"] for request in pages] == ["1", "2", "3"]
    assert pages[0].args["q"] == 'language:"Smalltalk" license:mit stars:>=3 size:<=500'


def test_those_with_most_stars_are_kept(github: GitHub, context: ReadContext) -> None:
    github.repositories = {name: {} for name in ("o/r3", "o/r4", "o/r0", "o/r1")}
    assert names(github, context, max_repositories=2) == ["o/r3", "o/r4"]


def test_an_interrupted_search_goes_on_where_it_stopped(github: GitHub, context: ReadContext) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3000)}
    github.answers["/repos/o/r2/commits/main"] = [lambda _: Response("limited", status=403, headers=spent)]
    with pytest.raises(LabError, match=r"come back in (29|30)\d\d seconds"):
        names(github, context)
    before = len(github.requests)
    assert names(github, context) == [f"o/r{number}" for number in range(5)]
    assert github.paths()[before:] == [f"/repos/o/r{number}/commits/main" for number in (2, 3, 4)]


@pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {"X-RateLimit-Remaining": "0"}])
def test_a_spent_rate_limit_is_waited_for(headers: dict[str, str], github: GitHub, context: ReadContext) -> None:
    def limited(_request: Request) -> Response:
        reset = {"X-RateLimit-Reset": str(int(time.time()))}
        return Response("limited", status=403, headers={**headers, **reset})

    github.answers[SEARCH] = [limited]
    started = time.monotonic()
    assert len(names(github, context)) == 5
    assert 0.5 < time.monotonic() - started < 5


def test_the_token_comes_from_the_environment_and_is_told_to_nobody(
    github: GitHub, context: ReadContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(github, context)
    assert all("Authorization" not in request.headers for request in github.requests)
    monkeypatch.setenv("GITHUB_TOKEN", " hunter2\n")
    github.requests.clear()
    names(github, replace(context, cache=context.cache / "new"))
    assert {request.headers["Authorization"] for request in github.requests} == {"Bearer hunter2"}
    github.answers[SEARCH] = [lambda _: Response("bad", status=401)]
    with pytest.raises(LabError, match="GITHUB_TOKEN") as caught:
        names(github, replace(context, cache=context.cache / "newer"))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in "".join(p.read_text() for p in context.cache.rglob("*.jsonl"))


@pytest.mark.parametrize(
    "answer",
    [
        "[]",
        "{}",
        "not json",
        "[" * 100_000,
        '{"total_count": 1, "items": [{}]}',
        '{"total_count": 1, "items": [7]}',
        '{"total_count": 9, "incomplete_results": true, "items": []}',
        '{"total_count": 0, "items": []}',
        json.dumps(
            {
                "total_count": 1,
                "items": [
                    {
                        "full_name": "../../x",
                        "default_branch": "m",
                        "license": {"spdx_id": "MIT"},
                        "stargazers_count": 1,
                        "size": 1,
                    }
                ],
            }
        ),
    ],
)
def test_an_answer_of_another_shape_is_refused(answer: str, github: GitHub, context: ReadContext) -> None:
    github.answers[SEARCH] = [lambda _: Response(answer)]
    with pytest.raises(LabError):
        names(github, context)


@pytest.mark.parametrize("commit", ["", "main", "<html>", "a" * 39, "a" * 40 + "\nb"])
def test_a_commit_is_a_commit(commit: str, github: GitHub, context: ReadContext) -> None:
    github.answers["/repos/o/r0/commits/main"] = [lambda _: Response(commit)]
    with pytest.raises(LabError, match="no commit"):
        names(github, context)


def test_the_query_tells_every_key_that_shapes_the_answer(github: GitHub) -> None:
    assert query_of(source(github)) != query_of(source(github, min_stars=1))
    assert query_of(source(github)) == query_of(replace(source(github), glob=["x"], lock="y"))

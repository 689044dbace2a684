"""What the code never does, and that its closures can be worked out without running it."""

import ast
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from .project import CODE, LIBRARY, ROOT, STAGES, calls_in, name_of, tree_of

BANNED_CALLS = {
    "eval": "text is never run",
    "exec": "text is never run",
    "compile": "text is never run",
    "torch.load": "weights are safetensors",
    "torch.save": "weights are safetensors",
    "os.system": "no shell",
    "os.popen": "no shell",
    "importlib.import_module": "imports are static, so that closures are exact",
    "__import__": "imports are static, so that closures are exact",
    "runpy.run_path": "imports are static, so that closures are exact",
    "runpy.run_module": "imports are static, so that closures are exact",
    "numpy.random.seed": "generators are named",
    "np.random.seed": "generators are named",
    "random.seed": "generators are named",
    "yaml.load": "safe_load",
    "yaml.unsafe_load": "safe_load",
}
BANNED_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "imp"}
# Draws from torch's global generator: dropout has no other.
GLOBAL_SEED = {"lib/llmlab/train/setup.py"}


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_no_banned_call(path: Path) -> None:
    for name, call in calls_in(tree_of(path)):
        assert name not in BANNED_CALLS, f"line {call.lineno} calls {name}: {BANNED_CALLS[name]}"
        if name == "torch.manual_seed":
            assert name_of(path) in GLOBAL_SEED, f"line {call.lineno} seeds the global generator"
        for keyword in call.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            assert (keyword.arg, value) != ("shell", True), f"line {call.lineno} opens a shell"
            if keyword.arg == "strict" and value is False:
                assert name.rpartition(".")[2] == "zip", f"line {call.lineno}: strict=False"
            assert (keyword.arg, value) != ("allow_pickle", True), f"line {call.lineno} unpickles"
            assert (keyword.arg, value) != ("trust_remote_code", True), f"line {call.lineno} runs fetched code"


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_no_pickle(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.split(".")[0] for name in names} & BANNED_MODULES


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_no_blanket_except(path: Path) -> None:
    """`except BaseException` may clean up, as long as it raises again."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            names = {each.id for each in ast.walk(node.type) if isinstance(each, ast.Name)} if node.type else {""}
            if names & {"", "Exception", "BaseException"}:
                last = node.body[-1]
                assert isinstance(last, ast.Raise), f"line {node.lineno} swallows everything"
                assert last.exc is None, f"line {node.lineno} hides what happened"


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_imports_are_absolute(path: Path) -> None:
    """The closure follows `llmlab.…` by name; a relative import it would not see."""
    relative = [node.lineno for node in ast.walk(tree_of(path)) if isinstance(node, ast.ImportFrom) and node.level]
    assert relative == []


def _third_party(paths: list[Path]) -> set[str]:
    names = set()
    for path in paths:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names) - {"llmlab"}


def test_everything_imported_is_a_stated_dependency() -> None:
    """Which also says that no stage imports another: their names are no distributions.

    What an extra brings need not be installed; its import has the name of its distribution.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = {_canonical(requirement) for requirement in project["dependencies"]}
    extras = project["optional-dependencies"]
    optional = {_canonical(each) for name, extra in extras.items() if name != "dev" for each in extra}
    owners = metadata.packages_distributions()
    for name in sorted(name for name in _third_party(CODE) if _canonical(name) not in optional):
        found = {_canonical(owner) for owner in owners.get(name, [])}
        assert found & stated, f"`import {name}`: {found or 'nothing installed'} is not among the dependencies"


def _canonical(requirement: str) -> str:
    name = requirement
    for mark in "<>=!~;[ ":
        name = name.split(mark)[0]
    return name.lower().replace("_", "-").replace(".", "-")


def test_every_data_file_of_the_library_is_named_by_a_module_beside_it() -> None:
    """Which is how a closure finds it."""
    strings: dict[Path, set[str]] = {}
    for path in LIBRARY:
        texts = (node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant))
        strings.setdefault(path.parent, set()).update(text for text in texts if isinstance(text, str))
    data = [
        path
        for path in (ROOT / "lib" / "llmlab").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and path.name != ".DS_Store"
    ]
    assert any(path.name == "catalog.yaml" for path in data)
    assert [name_of(path) for path in data if path.name not in strings.get(path.parent, set())] == []


def test_every_data_file_is_in_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    for path in (ROOT / "lib" / "llmlab").rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc") and path.name != ".DS_Store":
            assert any(path.match(pattern) for pattern in patterns), name_of(path)


def test_every_package_stands_on_a_floor() -> None:
    """import-linter checks the imports themselves, in `make check`."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]
    placed = [name.strip() for layer in contract["layers"] for name in layer.split("|")]
    assert sorted(placed) == sorted(
        {path.relative_to(ROOT / "lib" / "llmlab").parts[0] for path in LIBRARY} - {"__init__.py"}
    )
    assert contract["exhaustive"] is True


def test_imports_go_down() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]
    floors = {name.strip(): floor for floor, layer in enumerate(contract["layers"]) for name in layer.split("|")}
    wrong = []
    for path in LIBRARY:
        own = path.relative_to(ROOT / "lib" / "llmlab").parts[0]
        for node in ast.walk(tree_of(path)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                other = name.split(".")[1] if name.startswith("llmlab.") else own
                if other != own and floors[other] <= floors[own]:
                    wrong.append(f"{name_of(path)}:{node.lineno} imports {name}")
    assert wrong == []


def test_stages_are_not_imported() -> None:
    names = {path.stem for path in STAGES}
    for path in CODE:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom | ast.Import):
                modules = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
                assert not {(module or "").split(".")[0] for module in modules} & (names | {"stages"})

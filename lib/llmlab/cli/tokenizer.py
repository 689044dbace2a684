"""`lab tokenizer`: train one on files, look at what it does, compare it with others, hand it on."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmlab.artifacts.atomic import atomic_file, atomic_folder, write_json
from llmlab.artifacts.errors import LabError
from llmlab.cli.lists import FilesCommand

if TYPE_CHECKING:
    from llmlab.tokenizer.base import Tokenizer
    from llmlab.viz.token_page import Cut

app = typer.Typer(
    help="Train a tokenizer on files, look at what it does, compare it with others, hand it on.",
    epilog="Example: lab tokenizer train --kind bpe --vocab 2048 --out models/mine notes.txt",
)
LANGUAGES = ["smalltalk", "english", "chinese"]
# Rank files are known by what their names hold; the pattern belongs to the ranks and does not stand in the file.
RANK_SPLITS = {"gpt2": "gpt2", "r50k": "gpt2", "cl100k": "cl100k", "o200k": "o200k"}
Folder = Annotated[Path, typer.Argument(help="The folder of a tokenizer, such as models/tokenizer.")]


@app.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Train a tokenizer on files, look at what it does, compare it with others, hand it on."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command(epilog="Example: lab tokenizer train --kind superbpe --vocab 4096 --out models/mine notes.txt letters.txt")
def train(
    files: Annotated[list[Path], typer.Argument(help="UTF-8 text files.")],
    out: Annotated[Path, typer.Option(help="The folder to write; an old one is replaced.")],
    kind: Annotated[str, typer.Option(help="As `tokenizer.kind` in params.yaml.")] = "bpe",
    vocab: Annotated[int, typer.Option(help="Tokens, special ones and bytes included.")] = 4096,
    split: Annotated[str, typer.Option(help="As `tokenizer.split`: gpt2, cl100k, o200k, line, a pattern.")] = "cl100k",
    longest: Annotated[int, typer.Option(help="Longest token in characters.")] = 16,
    superwords: Annotated[float, typer.Option(help="Share of merges that may cross spaces (superbpe).")] = 0.2,
    lang: Annotated[list[str] | None, typer.Option(help="Languages that get a tag; may be given again.")] = None,
) -> None:
    """Learn a tokenizer from files, and write its folder."""
    from llmlab.artifacts.params import build  # noqa: PLC0415
    from llmlab.tokenizer.base import TokenizerConfig, save_tokenizer  # noqa: PLC0415
    from llmlab.tokenizer.table import train_tokenizer  # noqa: PLC0415

    values = {"kind": kind, "vocab_size": vocab, "split": split, "max_piece_length": longest, "superwords": superwords}
    config = build(TokenizerConfig, values, "lab tokenizer train")
    trained = train_tokenizer([read_text(path) for path in files], config, lang or LANGUAGES)
    with atomic_folder(out) as folder:
        save_tokenizer(trained, folder)
    print(f"{out}: kind {trained.kind}, {trained.vocab_size:,} tokens, {len(trained.special)} of them special")


@app.command(
    epilog="Example: lab tokenizer encode models/tokenizer notes.txt, or echo hello | lab tokenizer encode DIR"
)
def encode(
    folder: Folder,
    file: Annotated[
        Path | None, typer.Argument(help="A UTF-8 text file; otherwise the text is read from stdin.")
    ] = None,
    pieces: Annotated[bool, typer.Option("--pieces", help="One token a line: id and text.")] = False,
) -> None:
    """Print the ids of a text on one line. Special tokens in it are spelt out as plain text."""
    from llmlab.tokenizer.table import load_tokenizer  # noqa: PLC0415

    tokenizer = load_tokenizer(folder)
    ids = tokenizer.encode(read_text(file) if file else _decoded(sys.stdin.buffer.read(), "stdin"))
    if not pieces:
        print(*ids)
        return
    for token in ids:
        print(f"{token}\t{tokenizer.token_bytes(token).decode('utf-8', 'backslashreplace')!r}")


@app.command(
    epilog="Example: lab tokenizer decode models/tokenizer 301 88 412, or lab tokenizer encode … | … decode DIR"
)
def decode(
    folder: Folder,
    ids: Annotated[list[int] | None, typer.Argument(help="Ids; otherwise they are read from stdin.")] = None,
) -> None:
    """Print the text of ids, exactly: no line end is added."""
    from llmlab.tokenizer.table import load_tokenizer  # noqa: PLC0415

    tokenizer = load_tokenizer(folder)
    text = tokenizer.decode(ids if ids else _numbers(_decoded(sys.stdin.buffer.read(), "stdin")))
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())


@app.command(epilog="Example: lab tokenizer export models/mine --hf tokenizer.json --tiktoken mine.tiktoken")
def export(
    folder: Folder,
    hf: Annotated[Path | None, typer.Option(help="Where to write a tokenizer.json of the HF library.")] = None,
    tiktoken: Annotated[Path | None, typer.Option(help="Where to write tiktoken's file of ranks.")] = None,
) -> None:
    """Write a tokenizer of kind bpe or superbpe as other programs read it: the same ids.

    With tiktoken the split goes into `pat_str`; it is printed. In the HF library set `encode_special_tokens` where text
    from outside is encoded, else a special token spelt in it becomes one.
    """
    from llmlab.tokenizer.export import ranks_of, to_hf, to_tiktoken  # noqa: PLC0415
    from llmlab.tokenizer.splits import pattern_of  # noqa: PLC0415
    from llmlab.tokenizer.table import load_tokenizer  # noqa: PLC0415

    if hf is None and tiktoken is None:
        raise LabError("nothing says what to write", "give --hf FILE or --tiktoken FILE")
    tokenizer = load_tokenizer(folder)
    if hf is not None:
        write_json(hf, to_hf(tokenizer))
    if tiktoken is not None:
        with atomic_file(tiktoken) as temporary:
            temporary.write_bytes(to_tiktoken(tokenizer))
        print(f"pat_str: {pattern_of(ranks_of(tokenizer).model.split)}")


@app.command(
    cls=FilesCommand,
    epilog="Example: lab tokenizer compare models/tokenizer models/mine --ranks gpt2.tiktoken --files a.txt b.txt",
)
def compare(
    folders: Annotated[list[Path] | None, typer.Argument(metavar="DIR…", help="Folders of tokenizers.")] = None,
    ranks: Annotated[list[Path] | None, typer.Option(help="Rank files: gpt2, cl100k, o200k in their names.")] = None,
    files: Annotated[list[Path] | None, typer.Option(help="UTF-8 text files; several may follow.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the figures of each file.")] = False,
) -> None:
    """Compare tokenizers on the same files: bytes per token, exact round trip, MB/s of one thread."""
    from llmlab.tokenizer.comparison import measure  # noqa: PLC0415

    if not files or not (folders or ranks):
        raise LabError(
            "there is nothing to compare" if files else "there is no text to compare on",
            "name folders or --ranks FILE, and the texts with --files FILE…",
        )
    texts = {str(path): read_text(path) for path in files}
    if not any(texts.values()):
        raise LabError("every file is empty", "name a file with text after --files")
    results = {name: measure(tokenizer, texts) for name, tokenizer in _named(folders, ranks).items()}
    print(json.dumps(results, ensure_ascii=False, indent=2) if as_json else _table(results))


@app.command(
    cls=FilesCommand,
    epilog="Example: lab tokenizer inspect models/tokenizer --ranks gpt2.tiktoken --files a.txt --out tokens.html",
)
def inspect(
    folders: Annotated[list[Path] | None, typer.Argument(metavar="DIR…", help="Folders of tokenizers.")] = None,
    ranks: Annotated[list[Path] | None, typer.Option(help="Rank files: gpt2, cl100k, o200k in their names.")] = None,
    files: Annotated[list[Path] | None, typer.Option(help="UTF-8 text files; otherwise stdin is read.")] = None,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("tokens.html"),
    most: Annotated[int, typer.Option(min=1, help="Characters shown; the rest is left out.")] = 20_000,
) -> None:
    """Write a page that colours a text by token, a column a tokenizer; ids, bytes, counts and merges show on hover.

    With kind smalltalk a selector that is one token shows the tokens of its keywords, which it has in a message. The
    page is one file and needs no network.
    """
    from llmlab.viz.token_page import write_token_page  # noqa: PLC0415

    if not folders and not ranks:
        raise LabError("there is no tokenizer to look at", "name folders or --ranks FILE")
    text = "".join(map(read_text, files)) if files else _decoded(sys.stdin.buffer.read(), "stdin")
    if not text:
        raise LabError("there is no text to look at", "name files with text after --files, or give text on stdin")
    cuts = [_cut(name, tokenizer, text[:most]) for name, tokenizer in _named(folders, ranks).items()]
    write_token_page(cuts, out, f"The first {most:,} of {len(text):,} characters." if len(text) > most else "")
    print(f"{out}: {len(cuts)} tokenizers side by side; open it in a browser")


def _named(folders: list[Path] | None, ranks: list[Path] | None) -> "dict[str, Tokenizer]":
    """Tokenizers of folders and of rank files, by the path given."""
    from llmlab.tokenizer.table import load_tokenizer  # noqa: PLC0415

    found = {str(folder): load_tokenizer(folder) for folder in folders or ()}
    return found | {str(path): from_ranks(path) for path in ranks or ()}


def _cut(name: str, tokenizer: "Tokenizer", text: str) -> "Cut":
    from llmlab.tokenizer.bpe import BpeTokenizer  # noqa: PLC0415
    from llmlab.tokenizer.domain import DomainTokenizer  # noqa: PLC0415
    from llmlab.tokenizer.lineage import lineage  # noqa: PLC0415
    from llmlab.tokenizer.smalltalk import SmalltalkDomain, linked_selectors  # noqa: PLC0415
    from llmlab.viz.token_page import Cut  # noqa: PLC0415

    ids = tokenizer.encode(text)
    pieces = [tokenizer.token_bytes(token) for token in ids]
    merges, links = {}, {}
    if isinstance(tokenizer, BpeTokenizer):
        known = dict(zip(ids, pieces, strict=True))
        merges = {id_: [merge[1:] for merge in lineage(piece, tokenizer.ranks)] for id_, piece in known.items()}
    if isinstance(tokenizer, DomainTokenizer) and tokenizer.kind == SmalltalkDomain.kind:
        parts = linked_selectors(tokenizer)
        links = {id_: list(map(tokenizer.token_bytes, parts[id_])) for id_ in parts.keys() & set(ids)}
    about = f"{tokenizer.kind}, vocabulary of {tokenizer.vocab_size:,}"
    return Cut(name=name, about=about, ids=ids, pieces=pieces, merges=merges, links=links)


def from_ranks(path: Path) -> "Tokenizer":
    """The tokenizer of a rank file, without special tokens.

    Raises:
        LabError: a broken file (`ranks.parse_ranks`), or a name that does not say how texts are cut.
    """
    from llmlab.tokenizer.bpe import BpeTokenizer  # noqa: PLC0415
    from llmlab.tokenizer.ranks import RankModel, read_ranks  # noqa: PLC0415

    split = next((split for part, split in RANK_SPLITS.items() if part in path.name), None)
    if split is None:
        raise LabError(
            f"{path} does not say in its name how texts are cut before its ranks are used",
            f"put one of {', '.join(RANK_SPLITS)} into the file's name",
        )
    return BpeTokenizer(RankModel(split=split, tokens=tuple(read_ranks(path)), special=()).to_bytes())


def read_text(path: Path) -> str:
    """A UTF-8 file as text, line ends kept.

    Raises:
        LabError: no such file, or bytes that are no UTF-8; the first of them is named.
    """
    if not path.is_file():
        raise LabError(f"{path} is no file", "name a text file; `ls` shows what is here")
    return _decoded(path.read_bytes(), str(path))


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LabError(
            f"{name} is not UTF-8: byte {data[error.start]:#04x} at offset {error.start}",
            f"convert it first: iconv -f ITS-ENCODING -t utf-8 {name}",
        ) from error


def _numbers(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split()]
    except ValueError as error:
        raise LabError(
            f"stdin holds something that is no id: {error}", "give whole numbers with blanks between"
        ) from error


def _table(results: dict[str, Any]) -> str:
    head = ("tokenizer", "tokens", "bytes/token", "1-byte", "exact", "encode MB/s", "decode MB/s")
    rows = [head]
    for name, result in results.items():
        all_ = result["all"]
        rows.append(
            (
                name,
                f"{result['vocab_size']:,}",
                f"{all_['bytes_per_token']:.3f}",
                f"{all_['single_byte_share']:.1%}",
                "yes" if all_["exact"] else "NO",
                f"{all_['encode_mb_s']:.2f}",
                f"{all_['decode_mb_s']:.2f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )

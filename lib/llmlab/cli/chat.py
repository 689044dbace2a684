"""`lab chat`: a conversation with the chat model in the terminal."""

import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.decoding import (
    Ahead,
    Cache,
    Compiled,
    Decoding,
    Documents,
    DraftModel,
    Fused,
    Int8,
    LookUp,
    Stop,
    Tools,
)
from llmlab.cli.errors import tell
from llmlab.cli.project import CHAT, TOKENIZER

if TYPE_CHECKING:
    from llmlab.cli.writer import Writer

_HELP = "/reset forgets the conversation, /lang NAME changes the language, /quit (or Ctrl-D) leaves"


def chat(  # noqa: PLR0913 - one argument per option
    *,
    lang: Annotated[str, typer.Option(help="Language of the conversation.")] = "english",
    once: Annotated[str | None, typer.Option(help="Answer this one question and leave.")] = None,
    system: Annotated[str, typer.Option(help="A system message to begin with.")] = "",
    model: Annotated[Path, typer.Option(help="Model folder.")] = CHAT,
    tokenizer: Annotated[Path, typer.Option(help="Tokenizer folder.")] = TOKENIZER,
    adapter: Annotated[Path | None, typer.Option(help="Adapter folder, such as models/adapters/NAME.")] = None,
    max_new: Annotated[int, typer.Option(help="Longest answer in tokens.")] = 120,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token; higher is wilder.")] = 0.6,
    top_k: Annotated[int, typer.Option(help="Draw among the k likeliest tokens; 0: all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Draw among the fewest tokens that hold this probability.")] = 0.95,
    seed: Annotated[int, typer.Option(help="The same seed and questions give the same answers.")] = 1,
    tools: Tools = None,
    documents: Documents = None,
    stop: Stop = None,
    cache: Cache = "growing",
    fused: Fused = False,
    int8: Int8 = False,
    compiled: Compiled = False,
    draft: DraftModel = None,
    lookup: LookUp = False,
    ahead: Ahead = 4,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps, or auto.")] = "cpu",
) -> None:
    """Talk with the chat model; questions may also come one a line from stdin."""
    from llmlab.cli.writer import load_writer, sampling_from  # noqa: PLC0415

    sampling = sampling_from(
        temperature=temperature, top_k=top_k, top_p=top_p, max_new=max_new, command=f"lab chat --lang {lang}"
    )
    decoding = Decoding(
        cache=cache,
        fused=fused,
        int8=int8,
        compiled=compiled,
        draft=draft,
        lookup=lookup,
        ahead=ahead,
        stop=tuple(stop or ()),
    )
    writer = load_writer(
        model=model, tokenizer=tokenizer, sampling=sampling, adapter=adapter, device=device, decoding=decoding
    )
    if tools is not None:
        from llmlab.cli.tool import with_tools  # noqa: PLC0415

        writer = with_tools(writer, tools, documents)
    talk = Conversation(writer, lang, seed, system)
    talk.change_language(lang)
    if once is not None:
        print_answer(talk.ask(once))
    else:
        converse(talk)


@dataclass
class Conversation:
    """What was said so far, and who answers."""

    writer: "Writer"
    lang: str
    seed: int
    system: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)

    def ask(self, question: str) -> Generator[str]:
        """The answer in pieces; question and answer join the conversation when it is whole, or cut short.

        Raises:
            LabError: the question is empty or too long.
        """
        if not question.strip():
            raise LabError("the question is empty", "ask something: `lab chat --once 'What is a variable?'`")
        opening = [{"role": "system", "content": self.system}] if self.system else []
        asked = [*self.messages, {"role": "user", "content": question}]
        said: list[str] = []
        try:
            for piece in self.writer.answer(self.lang, [*opening, *asked], self.seed):
                said.append(piece)
                yield piece
        finally:
            if said:
                self.messages = [*asked, {"role": "assistant", "content": "".join(said)}]

    def reset(self) -> None:
        """Forget everything that was said."""
        self.messages = []

    def change_language(self, lang: str) -> None:
        """Go on in another language.

        Raises:
            LabError: the tokenizer does not know it.
        """
        from llmlab.tokenizer.chat import opening  # noqa: PLC0415

        opening(self.writer.tokenizer, lang)
        self.lang = lang


def converse(talk: Conversation) -> None:
    """Read questions until there are no more, or `/quit`; an error spoils one question, not the conversation."""
    terminal = sys.stdin.isatty()
    if terminal:
        import readline  # noqa: F401, PLC0415 - gives input() arrow keys and history

        typer.secho(f"{_HELP}\nA small model: it may be wrong, and it may make no sense at all.", dim=True)
    for line in _lines(terminal):
        if line == "/quit":
            return
        if line:
            try:
                _obey(talk, line, terminal)
            except LabError as error:
                tell(error)


def print_answer(pieces: Generator[str], before: str = "") -> None:
    """Print an answer as it is written; Ctrl-C ends this answer only."""
    from llmlab.cli.writer import shown  # noqa: PLC0415

    terminal = sys.stdout.isatty()
    # Closed at once, so that an answer cut short joins the conversation before the next question.
    with closing(pieces):
        try:
            for number, piece in enumerate(pieces):
                sys.stdout.write((before if number == 0 else "") + (shown(piece) if terminal else piece))
                sys.stdout.flush()
        except KeyboardInterrupt:
            print(" (stopped)", end="")
    print(flush=True)


def _obey(talk: Conversation, line: str, terminal: bool) -> None:
    command, _, rest = line.partition(" ")
    if command == "/reset":
        talk.reset()
        print("(forgotten)")
    elif command == "/lang":
        talk.change_language(rest.strip())
        print(f"(now in {talk.lang})")
    elif command == "/help":
        print(_HELP)
    elif command.startswith("/") and command[1:].isalpha():
        raise LabError(f"there is no command {command}", f"use one of these: {_HELP}")
    else:
        print_answer(talk.ask(line), typer.style("model: ", bold=True) if terminal else "")


def _lines(terminal: bool) -> Iterator[str]:
    """Questions without blanks around them, from a person or from a pipe.

    Raises:
        LabError: stdin is not UTF-8 text.
    """
    try:
        while True:
            line = input("you: ") if terminal else sys.stdin.readline()
            if not terminal and not line:
                return
            yield line.strip()
    except EOFError:
        print()
    except KeyboardInterrupt:
        print()
    except UnicodeDecodeError as error:
        raise LabError(
            f"stdin is not UTF-8 text: {error.reason}", "convert it: `iconv -f latin1 FILE | lab chat`"
        ) from error

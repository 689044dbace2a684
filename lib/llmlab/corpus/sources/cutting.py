"""A text cut into documents, line by line, so that a file of many needs the memory of one."""

from collections.abc import Iterable, Iterator


def lines_of(texts: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in pieces, each with its line feed, at which alone they end."""
    held: list[str] = []
    for text in texts:
        start = 0
        while end := text.find("\n", start) + 1:
            yield "".join([*held, text[start:end]])
            held.clear()
            start = end
        held.append(text[start:])
    if last := "".join(held):
        yield last


def cut(texts: Iterable[str], split: str, block_chars: int) -> Iterator[str]:
    """Cut a text that comes in pieces: `none`, `lines`, or `blocks` of up to `block_chars` characters.

    A block is whole paragraphs put together, and ends where the next paragraph would pass the bound; a longer paragraph
    is a block by itself, since cutting inside one would make documents that start in mid-sentence.
    """
    if split == "none":
        yield "".join(texts)
    elif split == "lines":
        # A line may hold other ends of lines: form feeds, U+2028 and their kin.
        yield from (part for line in lines_of(texts) for part in line.splitlines() if part.strip())
    else:
        block = ""
        for paragraph in _paragraphs(lines_of(texts)):
            if block and len(block) + len(paragraph) + 2 > block_chars:
                yield block
                block = paragraph
            else:
                block = f"{block}\n\n{paragraph}" if block else paragraph
        yield block


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """What stands between blank lines, without blanks before the first and after the last character of the text."""
    held: list[str] = []
    ended = False
    for line in lines:
        plain = f"{line[:-2]}\n" if line.endswith("\r\n") else line
        if plain.isspace():
            ended = True
        elif held and not ended:
            held.append(plain)
        else:
            if held:
                yield "".join(held).removesuffix("\n")
            held, ended = [plain.lstrip()], False
    if held:
        yield "".join(held).rstrip()

"""The fenced blocks of a Markdown file, with what stands about them: a file's name before, marks in comments above.

    `greeter.cpp`:                              the block is that file; so does <!-- file: greeter.cpp -->
    <!-- behind: readme_prelude.hpp -->         the file begins with that include
    <!-- first: COMMAND -->                     run before the block, and not shown
    <!-- exits with N: why -->                  one of its commands does that
    <!-- may exit with N: why -->               that depends on when it is run
    <!-- checked by: COMMAND -->                of a block that is data: it is in the file $BLOCK
    <!-- not run: why -->
"""

import dataclasses
import pathlib
import re

MARK = re.compile(r"<!-- (file|behind|first|exits with|checked by|not run): ?(.*?) -->|<!-- (exits|may exit) with (\d): (.*?) -->", re.S)
NAME = re.compile(r"`([\w.-]+)`:$")


@dataclasses.dataclass
class Block:
    path: str  # of the Markdown file
    line: int  # where its text begins, from 1 on
    language: str
    text: str
    name: str = ""
    behind: str = ""
    first: str = ""
    exits: int = 0
    must_exit: bool = False
    checked_by: str = ""
    not_run: str = ""

    @property
    def where(self):
        return f"{self.path}:{self.line}"


def describe(block, above):
    """Sets what `above`, the text between the block before and this one, says of it."""
    end = above.rstrip()
    while end.endswith("-->"):
        comment = end[end.rindex("<!--"):]
        mark = MARK.fullmatch(comment)
        if mark is None:
            raise SystemExit(f"{block.where}: unknown mark {comment}")
        if mark[3]:
            block.exits, block.must_exit = int(mark[4]), mark[3] == "exits"
        else:
            setattr(block, {"file": "name", "checked by": "checked_by", "not run": "not_run"}.get(mark[1], mark[1]), mark[2].strip())
        end = end[: -len(comment)].rstrip()
    if name := NAME.search(end):
        block.name = block.name or name[1]
    return block


def blocks_of(root, path):
    text = (pathlib.Path(root) / path).read_text()
    found, before = [], 0
    for fence in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        line = text.count("\n", 0, fence.start(2)) + 1
        found.append(describe(Block(path, line, fence[1], fence[2]), text[before : fence.start()]))
        before = fence.end()
    return found


def indented(root, path):
    """The lines of blocks that are indented instead: nobody can mark these."""
    text = (pathlib.Path(root) / path).read_text()
    text = re.sub(r"^```.*?^```$", lambda fence: re.sub(r"[^\n]", "", fence[0]), text, flags=re.M | re.S)
    return [text.count("\n", 0, m.end()) for m in re.finditer(r"^(?:\n|[^-*0-9 |\n][^\n]*\n)    \S[^\n]*\n", text, re.M)]


def is_snippet(block):
    return block.language == "cpp" and not block.name and not block.not_run

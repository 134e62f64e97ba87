"""Whether every fenced block of README.md and docs/ is compiled, run, shown by one that is run, or marked with why not.

every_block_test.py ROOT MANIFEST BINARY_DIRECTORY GUIDE...      (those that guide_test.py runs)
"""

import pathlib
import sys

from extract import file_of
from markdown_blocks import blocks_of, indented, is_snippet

ROOT, MANIFEST, BINARY, *RUN = sys.argv[1:]


def compiled():
    lines = [line.split(" ", 2) for line in pathlib.Path(MANIFEST).read_text().splitlines()]
    return {(guide, source) for guide, source, _ in lines}


def fault_of(block, before, known):
    """What is wrong with a block; `before`: the one that is run right before it, if there is one."""
    if block.not_run:
        return None
    if is_snippet(block):
        return None  # of the snippets, which are compared as a whole
    if block.language == "cpp":
        if (block.path, block.name) not in known:
            return f"file {block.name} is compiled by nothing: name it in tests/docs/CMakeLists.txt"
        there = pathlib.Path(BINARY) / block.name
        if there.read_text() != file_of(ROOT, block.path, block.name):
            return f"{there} was compiled from other text: build first"
        return None
    if block.language == "sh" or block.checked_by:
        return None if block.path in RUN else "its guide is run by no test: name it in tests/docs/CMakeLists.txt"
    if block.language == "text" and before:
        return None
    return f"a block of '{block.language}' that nothing runs: mark it <!-- not run: why -->, or <!-- checked by: command -->"


def faults_of(path, known):
    before = None
    for block in blocks_of(ROOT, path):
        if fault := fault_of(block, before, known):
            yield f"{block.where}: {fault}"
        before = block if (block.language == "sh" or block.checked_by) and not block.not_run else None
    for line in indented(ROOT, path):
        yield f"{path}:{line}: an indented block: fence it, that it can be run or marked"


def main():
    root = pathlib.Path(ROOT)
    paths = ["README.md", *sorted(str(path.relative_to(root)) for path in (root / "docs").rglob("*.md"))]
    known = compiled()
    faults = [fault for path in paths for fault in faults_of(path, known)]
    with_snippets = [path for path in paths if any(map(is_snippet, blocks_of(ROOT, path)))]
    there = (pathlib.Path(BINARY) / "snippets.cpp").read_text()
    for path in with_snippets:
        for block in filter(is_snippet, blocks_of(ROOT, path)):
            if block.text not in there:
                faults.append(f"{block.where}: this snippet is compiled by nothing: name its guide, or build first")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()

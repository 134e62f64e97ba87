"""Writes a C++ block of a Markdown file as a source file, or all snippets of several: blocks that are no file.

extract.py ROOT OUTPUT MARKDOWN             the block whose file has OUTPUT's name
extract.py ROOT OUTPUT --snippets MARKDOWN...
"""

import pathlib
import sys

from markdown_blocks import blocks_of, is_snippet


def located(block):
    return f'#line {block.line} "{block.path}"\n{block.text}'


def file_of(root, path, name):
    for block in blocks_of(root, path):
        if block.name == name:
            return (f'#include "{block.behind}"\n' if block.behind else "") + located(block)
    sys.exit(f"{path}: no block `{name}`:")


def snippets_of(root, paths):
    parts = ['#include "snippets_prelude.hpp"\n']
    for block in (block for path in paths for block in blocks_of(root, path) if is_snippet(block)):
        parts.append(f"void snippet_{len(parts)}(tidings::Service& service) {{\n{located(block)}(void)service;\n}}\n")
    return "".join(parts)


def main():
    root, output, *paths = sys.argv[1:]
    if paths[0] == "--snippets":
        text = snippets_of(root, paths[1:])
    else:
        text = file_of(root, paths[0], pathlib.Path(output).name)
    pathlib.Path(output).write_text(text)


if __name__ == "__main__":
    main()

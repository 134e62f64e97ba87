"""Writes the ```cpp block behind the words "`NAME`:" of a Markdown file. extract.py MARKDOWN OUTPUT (its name is NAME)"""

import pathlib
import re
import sys

markdown, output = (pathlib.Path(argument) for argument in sys.argv[1:])
block = re.search(rf"`{re.escape(output.name)}`:\n\n```cpp\n(.*?)```", markdown.read_text(), re.S)
if block is None:
    sys.exit(f"{markdown}: no ```cpp block behind `{output.name}`:")
output.write_text(block.group(1))

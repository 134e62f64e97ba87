"""Writes the first ```cpp block of a Markdown file as a source file. extract.py MARKDOWN OUTPUT"""

import re
import sys

markdown, output = sys.argv[1:]
block = re.search(r"```cpp\n(.*?)```", open(markdown).read(), re.S)
if block is None:
    sys.exit(f"{markdown}: no ```cpp block")
with open(output, "w") as file:
    file.write(block.group(1))

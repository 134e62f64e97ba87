"""Compiles SOURCE and looks at the first error: first_error.py SOURCE COMPILER ARGUMENT...

It must hold the text behind `// expect: ` in the source; `// expect: nothing` means that it compiles.
"""

import os
import re
import subprocess
import sys

LINES_MAX = 60

source, *command = sys.argv[1:]
expected = re.search(r"^// expect: (.*)$", open(source).read(), re.M).group(1)
plain = {**os.environ, "LC_ALL": "C", "COLUMNS": "80"}
ran = subprocess.run([*command, source], capture_output=True, text=True, env=plain)
errors = [line for line in ran.stderr.splitlines() if re.search(r"\berror: ", line)]


def fail(why):
    sys.exit(f"{source}: {why}\nexpected: {expected}\n{ran.stderr}")


if expected == "nothing":
    if ran.returncode != 0:
        fail("must compile")
    sys.exit()
if ran.returncode == 0 or not errors:
    fail("must not compile")
if expected not in errors[0]:
    fail("the first error is not ours")
if ran.stderr.count("\n") > LINES_MAX:
    fail(f"more than {LINES_MAX} lines of errors")

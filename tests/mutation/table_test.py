"""Whether the flaws of the header, those of the table, and those that the product asks for are the same.

table_test.py ROOT
"""

import collections
import pathlib
import re
import sys

FLAWS_MIN = 20

root = pathlib.Path(sys.argv[1])
header = root / "src/base/flaw.hpp"
declared = re.findall(r"^  FLAW\((\w+)\) +/\* \S.* \*/", header.read_text(), re.M)
table = [line.split() for line in (root / "tests/mutation/flaws.txt").read_text().splitlines()]
rows = [row for row in table if row and not row[0].startswith("#")]
tested = [row[0] for row in rows]
asked = set()
for source in (root / "src").rglob("*.[ch]pp"):
    if source != header:
        asked |= set(re.findall(r"flawed\(Flaw::(\w+)\)", source.read_text()))

faults = [f"{' '.join(row)}: not a flaw, a program and a test" for row in rows if len(row) != 3]
for where, names in (("flaw.hpp", declared), ("flaws.txt", tested)):
    faults += [f"{name}: is twice in {where}" for name, count in collections.Counter(names).items() if count > 1]
faults += [f"{name}: has no test in flaws.txt" for name in set(declared) - set(tested)]
faults += [f"{name}: is in flaws.txt, not with a description in flaw.hpp" for name in set(tested) - set(declared)]
faults += [f"{name}: nothing in src asks for it" for name in set(declared) - asked]
if len(declared) < FLAWS_MIN:
    faults.append(f"{len(declared)} flaws, at least {FLAWS_MIN} are wanted")
if faults:
    sys.exit("\n".join(sorted(faults)))
print(f"{len(declared)} flaws")

"""Runs the blocks of a guide, in order, in one bash, and compares what they show with what the guide says.

guide_test.py ROOT MANIFEST TIDINGS GUIDE

A ```sh block is run as it stands, after tests/docs/scenes/NAME.sh where the guide has one; a ```text block right behind it must be
in its output, line by line and in that order (`...`: anything), but for ages, sizes, ids, process ids, hosts and times. Every command
must succeed, where no mark says otherwise (markdown_blocks.py). /var/lib, /backups and /tmp are directories of the test.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from markdown_blocks import blocks_of

ROOT, MANIFEST, TIDINGS, GUIDE = sys.argv[1:]
TIDINGS = os.path.abspath(TIDINGS)
HERE = pathlib.Path(__file__).parent
PATIENCE_SECONDS = 240


def normal(line):
    line = re.sub(r"\b\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", line.rstrip())
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", line)
    line = re.sub(r"\bd[0-9a-f]{12}\b", "ID", line)
    line = re.sub(r"(?<![\w.-])\d+(\.\d+)? ?(us|ms|s|m|h|d)\b", "AGE", line)
    line = re.sub(r"\b\d+(\.\d+)? [KMGT]?i?B\b", "SIZE", line)
    line = re.sub(r"\(\d+%\)", "(SHARE)", line)
    line = re.sub(r"\bprocess \d+( on \S+)?|\bpid \d+|[\w.-]+:\d{2,}\b", "PID", line)
    line = re.sub(r"(service|[a-z])-\d{2,}\b", r"\1-PID", line)
    return re.sub(r"\s+", " ", line).strip()


def missing(told, shown):
    """The first line of `told` that does not come in `shown` behind those before it."""
    rest = iter([normal(line) for line in shown.splitlines()])
    for line in told.splitlines():
        if line.strip() != "..." and normal(line) not in rest:
            return line
    return None


class Script:
    def __init__(self, place):
        self.place = place
        self.parts = [f"source {HERE}/guide_session.sh\n"]
        scene = HERE / "scenes" / (pathlib.Path(GUIDE).stem + ".sh")
        if scene.exists():
            self.parts.append(self.moved(scene.read_text()))

    def moved(self, text):
        return re.sub(r"(?<![\w./])/(?=(var/lib|backups|tmp)\b)", f"{self.place}/", text)

    def add(self, number, block):
        if block.first:
            self.parts.append(f"echo '@@ before {number}'\n{self.moved(block.first)}\n")
        text = block.text if block.language == "sh" else block.checked_by
        if block.checked_by:
            file = self.place / f"block_{number}.{block.language}"
            file.write_text(block.text)
            self.parts.append(f"BLOCK={file}\n")
        self.parts.append(f"echo '@@ block {number}'\n{self.moved(text)}\n")

    def run(self, environment):
        file = self.place / "guide.sh"
        file.write_text("".join(self.parts) + "echo '@@ block end'\n")
        run = subprocess.Popen(["bash", file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               env=environment, cwd=self.place / "work", start_new_session=True)
        try:
            return run.communicate(timeout=PATIENCE_SECONDS)[0].replace(str(self.place), "")
        finally:
            try:
                os.killpg(run.pid, signal.SIGKILL)  # whoever is left when the script died
            except ProcessLookupError:
                pass


def faults_of(output, blocks, shown_behind):
    parts = re.split(r"^@@ (?:block|before) (\w+)\n", output, flags=re.M)
    outputs = {}
    for number, text in zip(["scene", *parts[1::2]], parts[0::2]):
        outputs[number] = outputs.get(number, "") + text
        block = blocks[int(number)] if number.isdigit() else None
        for status, command in re.findall(r"^@@ fault (\d+) (.*)$", text, re.M):
            if block is None or int(status) != block.exits:
                yield f"{block.where if block else number}: exit code {status} of {command}\n{text}"
    if "end" not in outputs:
        yield f"{GUIDE}: ended early\n{output[-3000:]}"
        return
    for number, told in shown_behind.items():
        if (line := missing(told.text, outputs[str(number)])) is not None:
            yield f"{told.where}: not shown, or not there: {line}\nbut:\n{outputs[str(number)]}"
    for number, block in enumerate(blocks):
        if block.must_exit and str(number) in outputs and f"@@ fault {block.exits} " not in outputs[str(number)]:
            yield f"{block.where}: nothing in it exits with {block.exits}"


def programs():
    """Those that blocks of guides were compiled to, by the names that they have there."""
    for line in pathlib.Path(MANIFEST).read_text().splitlines():
        _, source, program = line.split(" ", 2)
        if program != "-":
            yield pathlib.Path(source).stem, program


def main(place):
    for name in ("work", "bin", "var/lib", "backups", "tmp"):
        (place / name).mkdir(parents=True)
    for name, program in programs():
        (place / "bin" / name).symlink_to(program)
    environment = {"PATH": f"{place}/bin:{pathlib.Path(TIDINGS).parent}:{os.environ['PATH']}", "HOME": str(place),
                   "LC_ALL": "C.UTF-8"}
    script, shown_behind, last = Script(place), {}, None
    blocks = blocks_of(ROOT, GUIDE)
    for number, block in enumerate(blocks):
        if block.not_run:
            last = None
        elif block.language == "sh" or block.checked_by:
            script.add(number, block)
            last = number
        elif block.language == "text" and last is not None:
            shown_behind[last] = block
    if faults := list(faults_of(script.run(environment), blocks, shown_behind)):
        sys.exit("\n".join(faults))


with tempfile.TemporaryDirectory() as scratch:
    main(pathlib.Path(scratch))

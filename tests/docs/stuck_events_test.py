"""Runs each command of the guide on 10,000 dead letters and compares what it shows with what the guide says.

stuck_events_test.py GUIDE TIDINGS SERVICE

A ```sh block is run as it stands; a ```text block behind it must be in its output, line by line, but for ages, sizes,
process ids and times. The service is mended where the guide says so.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

GUIDE, TIDINGS, SERVICE = sys.argv[1:]
GOOD, BROKEN = 9_990, 10
MENDED = "Mend the cause"  # the heading behind which the service runs with the bank up
PATIENCE_SECONDS = 120


def lag(environment):
    run = subprocess.run([TIDINGS, "--json", "lag"], capture_output=True, text=True, env=environment)
    rows = json.loads(run.stdout)["lag"] if run.returncode == 0 else []
    return {row["group"]: (row["unsettled"], row["dead"]) for row in rows}


def wait_for(state, environment):
    end = time.monotonic() + PATIENCE_SECONDS
    while lag(environment).get("payment-service") != state:
        if time.monotonic() > end:
            sys.exit(f"payment-service: {lag(environment)}, not {state}")
        time.sleep(0.05)


class Payments:
    def __init__(self, bank, environment, directory):
        self.log = open(directory / "payments.log", "a")
        self.process = subprocess.Popen([SERVICE, "--bank", bank], env=environment, stdout=self.log, stderr=self.log)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(PATIENCE_SECONDS) != 0:
            sys.exit(f"the service ended with {self.process.returncode}")


def prepare(environment, directory):
    orders = directory / "orders.ndjson"
    with open(orders, "w") as file:
        for i in range(GOOD + BROKEN):
            total = 19.99 if i >= BROKEN else "nineteen"
            data = {"customerId": f"c-{i}", "totalAmount": total}
            file.write(json.dumps({"type": "OrderCreated", "key": f"o-{i}", "data": data}) + "\n")
    publish = [TIDINGS, "publish", "orders", "--create-topic", "--type", "OrderCreated", "--file", orders]
    subprocess.run(publish, check=True, env=environment, stderr=subprocess.DEVNULL)


def normal(line):
    line = re.sub(r"\b\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", line.rstrip())
    line = re.sub(r"\b\d+(\.\d+)?(us|ms|s|m|h|d)\b", "AGE", line)
    line = re.sub(r"\b\d+(\.\d+)? [KMGT]?i?B\b", "SIZE", line)
    line = re.sub(r"\(\d+%\)", "(SHARE)", line)
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", line)
    line = re.sub(r"\bprocess \d+|\bpid \d+", "PID", line)
    return re.sub(r"\s+", " ", line).strip()


def blocks(text):
    heading = ""
    for part in re.finditer(r"^## ([^\n]*)$|^```(sh|text)\n(.*?)^```$", text, re.M | re.S):
        heading = part[1] or heading
        yield heading, part[2] or "heading", part[3]


def run_guide(environment, directory):
    payments = Payments("down", environment, directory)
    try:
        wait_for((0, GOOD + BROKEN), environment)
        output = ""
        for heading, kind, text in blocks(pathlib.Path(GUIDE).read_text()):
            if kind == "heading":
                if heading.endswith(MENDED):
                    payments.stop()
                    payments = Payments("up", environment, directory)
                continue
            if kind == "text":
                shown = [normal(line) for line in output.splitlines()]
                missing = [line for line in text.splitlines() if normal(line) not in shown]
                if missing:
                    sys.exit(f"{heading}: not shown: {missing}\nbut:\n{output}")
                continue
            run = subprocess.run(["bash", "-c", f"set -o pipefail\n{text}"], capture_output=True, text=True,
                                 env=environment, cwd=directory)
            output = run.stdout + run.stderr
            if run.returncode not in (0, 1):
                sys.exit(f"{heading}: exit code {run.returncode}\n{text}\n{output}")
        wait_for((0, 0), environment)
        payments.stop()
    finally:
        payments.process.kill()
        payments.process.wait()


with tempfile.TemporaryDirectory() as scratch:
    directory = pathlib.Path(scratch)
    path = f"{pathlib.Path(TIDINGS).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "TIDINGS_TRANSPORT": f"local:{directory}/shop", "LC_ALL": "C.UTF-8"}
    prepare(environment, directory)
    run_guide(environment, directory)

"""Whether a flaw of src/base/flaw.hpp is found by the test that flaws.txt names. mutation.py FLAW PROGRAM TEST

Runs that one test with the flaw sown. Found: an assertion of it failed. Everything else is an error: it passed, was
skipped or does not exist; it threw; its program crashed or did not end.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

TIMEOUT_SECONDS = 50
FAILED = 1  # the exit code of GoogleTest


def cases(report):
    return [case for suite in report.get("testsuites", []) for case in suite["testsuite"]]


def judge(code, report, test):
    """Why the flaw is not found, and what the test said."""
    ran = [case for case in cases(report) if case.get("result") == "COMPLETED"]
    if len(ran) != 1:
        return f"{len(ran)} tests ran that are named {test}", ""
    said = [failure["failure"] for failure in ran[0].get("failures", [])]
    if not said:
        return f"{test} does not find it", ""
    if code != FAILED:
        return f"the program ended with {code}", said[0]
    asserted = [failure for failure in said if not failure.startswith("unknown file")]
    return (None, asserted[0]) if asserted else (f"{test} threw", said[0])


def run(flaw, program, test):
    with tempfile.TemporaryDirectory() as scratch:
        report = pathlib.Path(scratch) / "report.json"
        arguments = [program, f"--gtest_filter={test}", f"--gtest_output=json:{report}"]
        environment = os.environ | {"TIDINGS_FLAW": flaw, "TMPDIR": scratch}  # what a failed test keeps goes, too
        try:
            done = subprocess.run(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return f"{test} did not end within {TIMEOUT_SECONDS} s", ""
        if not report.is_file():
            return f"the program ended with {done.returncode}, without a report", done.stdout[-2000:]
        return judge(done.returncode, json.loads(report.read_text()), test)


def main():
    why, said = run(*sys.argv[1:])
    print(said)
    if why is not None:
        sys.exit(f"{sys.argv[1]}: {why}")


if __name__ == "__main__":
    main()

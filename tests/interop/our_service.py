"""Our programs, run beside those of others."""

import json
import os
import signal
import subprocess
import threading
import time

PATIENCE_SECONDS = 60

TIDINGS = os.environ["INTEROP_TIDINGS"]


def run(command, given="", environment=None):
    done = subprocess.run(command, input=given, capture_output=True, text=True, encoding="utf-8", env=environment,
                          timeout=PATIENCE_SECONDS * 2)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stderr[-4000:]}")
    return done.stdout


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def tidings(url, *arguments, given=""):
    return lines_of(run([TIDINGS, "--transport", url, "--json", *arguments], given))


def dead_letters(url, count):
    """As our operators see them, once there are so many."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = tidings(url, "dead", "list")[0]["deadLetters"]
        if len(found) >= count:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"only {len(found)} of {count} dead letters are there: {found}")
        time.sleep(0.05)  # each look is a process of its own


class OurService:
    """One that runs when this returns, and says its books on standard output."""

    def __init__(self, program, url, *arguments, environment=None):
        self.books = []
        self.log = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen([program, "--transport", url, *arguments], text=True, encoding="utf-8",
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **(environment or {})})
        self.readers = [threading.Thread(target=self._keep, args=(self.process.stdout, self.books)),
                        threading.Thread(target=self._keep, args=(self.process.stderr, self.log))]
        for reader in self.readers:
            reader.start()
        self._wait(lambda: any(line["message"] == "running" for line in self.log), "it does not run")

    def entries(self, count, which=lambda entry: True):
        """The books' entries of that kind, once there are so many."""
        def chosen():
            return [entry for entry in self.books if which(entry)]
        self._wait(lambda: len(chosen()) >= count, f"the books have fewer than {count} such entries")
        return chosen()

    def stop(self):
        try:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(PATIENCE_SECONDS)
        finally:
            self.kill()
        if code != 0:
            raise AssertionError(f"the service ended with {code}: {self.log[-10:]}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def _keep(self, stream, lines):
        for line in stream:
            with self.changed:
                lines.append(json.loads(line))
                self.changed.notify_all()

    def _wait(self, there, otherwise):
        with self.changed:
            if not self.changed.wait_for(there, PATIENCE_SECONDS):
                raise AssertionError(f"{otherwise}: {self.books} {self.log[-10:]}")

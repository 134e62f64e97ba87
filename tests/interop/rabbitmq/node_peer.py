"""A service in JavaScript, on amqplib: javascript/."""

import json
import os
import pathlib
import subprocess
import threading

import our_service

FOLDER = pathlib.Path(os.environ["INTEROP_JAVASCRIPT"])


def why_not():
    """None: it is there."""
    if (FOLDER / "node_modules/.installed").exists():
        return None
    return "amqplib is not there: see what test AmqpInterop.InstallsAmqplib said"


def publish(url, messages):
    our_service.run(["node", str(FOLDER / "order_publisher.js"), url], json.dumps(messages))


class RetryingConsumer:
    def __init__(self, url, max_retries, base_delay_ms):
        self.seen = []
        self.consuming = False
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            ["node", str(FOLDER / "retrying_consumer.js"), url, str(max_retries), str(base_delay_ms)], text=True,
            encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self._keep)
        self.reader.start()
        self._wait(lambda: self.consuming, "it does not consume")

    def wait(self, count):
        self._wait(lambda: len(self.seen) >= count, f"fewer than {count} messages came")
        return list(self.seen)

    def stop(self):
        try:
            self.process.stdin.close()
            code = self.process.wait(our_service.PATIENCE_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self.reader.join()
            self.process.stdout.close()
        if code != 0:
            raise AssertionError(f"node ended with {code}")

    def _keep(self):
        for line in self.process.stdout:
            with self.changed:
                told = json.loads(line)
                if "consuming" in told:
                    self.consuming = True
                else:
                    self.seen.append(told)
                self.changed.notify_all()

    def _wait(self, there, otherwise):
        with self.changed:
            if not self.changed.wait_for(there, our_service.PATIENCE_SECONDS):
                raise AssertionError(f"{otherwise}: {self.seen}")

"""What scripts/rabbitmq starts is there, survives a kill with its data, and is gone afterwards (D1)."""

import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1)).resolve()
LETTER = "letters\tquorum\t1\n"


def rabbitmq(*arguments):
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=300)


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def pid_of(folder, process):
    return int((folder / str(process) / "pid").read_text())


class RabbitmqScript(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name) / "rabbitmq"
        self.addCleanup(rabbitmq, "down", str(self.folder))

    def up(self, *options):
        started = rabbitmq("up", str(self.folder), *options)
        self.assertEqual(started.returncode, 0, started.stderr)
        url = started.stdout.strip()
        self.assertEqual((self.folder / "url").read_text().strip(), url)
        self.assertRegex(url, r"^amqp://127\.0\.0\.1:\d+(,127\.0\.0\.1:\d+)*/$")
        ports = [int(port) for port in re.findall(r":(\d+)", url)]
        for port in ports:
            self.assertTrue(listens(port))
        return ports

    def test_secure_ones_have_a_url_for_each_way_in_and_keep_their_secrets(self):
        started = rabbitmq("up", str(self.folder), "--secure")
        self.assertEqual(started.returncode, 0, started.stderr)
        port = int((self.folder / "tls").read_text())
        for address in range(1, 5):
            with socket.create_connection((f"127.0.0.{address}", port), timeout=20):
                pass
        ways = {path.name: path.read_text() for path in (self.folder / "urls").iterdir()}
        self.assertEqual(set(ways), {"tls", "mutual-tls", "external"})
        command = pathlib.Path(f"/proc/{pid_of(self.folder, 1)}/cmdline").read_text()
        for path in (self.folder / "secrets").glob("*.password"):
            password = path.read_text().strip()
            self.assertGreaterEqual(len(password), 32)
            self.assertNotIn(password, command + started.stdout + "".join(ways.values()))
        for path in [self.folder, *self.folder.rglob("*")]:
            self.assertEqual(stat.S_IMODE(path.lstat().st_mode) & 0o077, 0, f"others may not look at {path}")
        self.assertNotEqual(rabbitmq("up", str(self.folder) + "3", "--secure", "--nodes", "3").returncode, 0)

    def ctl(self, *arguments):
        done = rabbitmq("ctl", str(self.folder), *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def put_letter(self):
        """Into a durable queue of its own. By Erlang, on the node: RabbitMQ's tools cannot."""
        self.ctl("eval", """
            Q = rabbit_misc:r(<<"/">>, queue, <<"letters">>),
            Kind = [{<<"x-queue-type">>, longstr, <<"quorum">>}],
            {new, _} = rabbit_amqqueue:declare(Q, true, false, Kind, none, <<>>),
            ok = rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<>>), <<"letters">>, [], <<"dear">>).""")

    def wait_for_letter(self):
        deadline = time.monotonic() + 60
        while self.ctl("list_queues", "--quiet", "--no-table-headers", "name", "type", "messages") != LETTER:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def wait_until_written(self):
        """A node that was killed before knows nothing of the queue: it writes the names of its queues seconds later."""
        deadline = time.monotonic() + 60
        while not any(b"letters" in names.read_bytes() for names in self.folder.glob("1/data/*/quorum/*/names.dets")):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_one_node_lives_dies_comes_back_and_goes(self):
        ports = self.up()
        self.assertEqual(len(ports), 1)
        self.put_letter()
        self.wait_for_letter()
        self.wait_until_written()
        first, mapper = pid_of(self.folder, 1), pid_of(self.folder, "epmd")
        self.assertNotEqual(rabbitmq("up", str(self.folder)).returncode, 0, "it runs there already")
        os.kill(first, signal.SIGKILL)
        back = rabbitmq("start", str(self.folder))
        self.assertEqual(back.returncode, 0, back.stderr)
        self.assertTrue(listens(ports[0]), "the same port")
        second = pid_of(self.folder, 1)
        self.assertNotEqual(first, second)
        self.wait_for_letter()
        os.kill(second, signal.SIGSTOP)  # a stopped one is stopped for good, too
        self.assertEqual(rabbitmq("down", str(self.folder)).returncode, 0)
        self.assertFalse(self.folder.exists())
        self.assertFalse(listens(ports[0]))
        self.assert_nothing_runs(second, mapper)
        self.assertEqual(rabbitmq("down", str(self.folder)).returncode, 0, "a repetition is harmless")

    def assert_nothing_runs(self, *pids):
        for pid in pids:
            self.assertFalse(pathlib.Path(f"/proc/{pid}/cwd").exists(), pid)
        for command in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.assertNotIn(str(self.folder).encode(), command.read_bytes(), command)
            except OSError:  # it has ended meanwhile
                pass

    def test_three_nodes_are_one_cluster(self):
        ports = self.up("--nodes", "3")
        self.assertEqual(len(set(ports)), 3)
        self.put_letter()  # by the first; the third one knows the queue
        queues = self.ctl("3", "list_queues", "--quiet", "--no-table-headers", "name", "members")
        self.assertIn("letters", queues)
        for n in (1, 2, 3):
            self.assertIn(f"n{n}@localhost", queues)
        self.assertEqual(rabbitmq("down", str(self.folder)).returncode, 0)
        for port in ports:
            self.assertFalse(listens(port))
        self.assert_nothing_runs()

    def test_nobody_else_may_look_at_it(self):
        self.up()
        for path in [self.folder, *self.folder.rglob("*")]:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, f"others may not look at {path}")

    def test_ends_with_its_owner(self):
        with subprocess.Popen(["sleep", "600"]) as owner:
            try:
                self.up("--while", str(owner.pid))
                node = pid_of(self.folder, 1)
            finally:
                owner.kill()
        deadline = time.monotonic() + 60
        while self.folder.exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assert_nothing_runs(node)

    def test_one_that_is_told_to_stop_while_it_starts_leaves_nothing(self):
        starting = subprocess.Popen([SCRIPT, "up", str(self.folder)], stdout=subprocess.DEVNULL)
        pid = self.folder / "1" / "pid"
        deadline = time.monotonic() + 120
        while not (pid.exists() and pid.read_text().strip()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        node = int(pid.read_text())
        starting.terminate()
        self.assertEqual(starting.wait(timeout=120), 130)
        self.assertFalse(pathlib.Path(f"/proc/{node}").exists())

    def test_removes_no_folder_that_is_not_its_own(self):
        self.folder.mkdir()
        mine = self.folder / "letters"
        mine.write_text("dear")
        self.assertNotEqual(rabbitmq("up", str(self.folder)).returncode, 0)
        self.assertNotEqual(rabbitmq("down", str(self.folder)).returncode, 0)
        self.assertEqual(mine.read_text(), "dear")

    def test_says_how_it_is_used(self):
        for wrong in ([], ["fly"], ["up"], ["up", "x", "--nodes", "2"], ["up", "x", "--nodes"], ["up", "x", "--safe"],
                      ["up", "x", "--while", "me"], ["ctl", "x"], ["down"], ["start"]):
            ended = rabbitmq(*wrong)
            self.assertEqual(ended.returncode, 2, wrong)
            self.assertIn("usage", ended.stderr)
        self.assertIn("usage", rabbitmq("--help").stdout)


unittest.main()

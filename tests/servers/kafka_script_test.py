"""What scripts/kafka starts is there, survives a kill with its data, and is gone afterwards (C1)."""

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


def kafka(*arguments):
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=300)


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def pid_of(folder, broker):
    return int((folder / str(broker) / "pid").read_text())


class KafkaScript(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name) / "kafka"
        self.addCleanup(kafka, "down", str(self.folder))

    def up(self, *options):
        started = kafka("up", str(self.folder), *options)
        self.assertEqual(started.returncode, 0, started.stderr)
        url = started.stdout.splitlines()[0].split()[-1]
        self.assertEqual((self.folder / "url").read_text().strip(), url)
        self.assertRegex(url, r"^kafka://127\.0\.0\.1:\d+(,127\.0\.0\.1:\d+)*$")
        ports = [int(port) for port in re.findall(r":(\d+)", url)]
        for port in ports:
            self.assertTrue(listens(port))
        return ports

    def test_one_broker_lives_dies_comes_back_and_goes(self):
        ports = self.up()
        self.assertEqual(len(ports), 1)
        first = pid_of(self.folder, 1)
        self.assertNotEqual(kafka("up", str(self.folder)).returncode, 0, "it runs there already")
        os.kill(first, signal.SIGKILL)
        back = kafka("start", str(self.folder))
        self.assertEqual(back.returncode, 0, back.stderr)
        self.assertTrue(listens(ports[0]), "the same port")
        second = pid_of(self.folder, 1)
        self.assertNotEqual(first, second)
        os.kill(second, signal.SIGSTOP)  # a stopped one is stopped for good, too
        self.assertEqual(kafka("down", str(self.folder)).returncode, 0)
        self.assertFalse(self.folder.exists())
        self.assertFalse(listens(ports[0]))
        self.assertEqual(kafka("down", str(self.folder)).returncode, 0, "a repetition is harmless")

    def test_three_brokers_are_one_cluster(self):
        ports = self.up("--brokers", "3")
        self.assertEqual(len(set(ports)), 3)
        self.assertEqual(kafka("down", str(self.folder)).returncode, 0)
        for port in ports:
            self.assertFalse(listens(port))

    def test_secure_ones_have_a_url_for_each_way_in_and_keep_their_secrets(self):
        self.up("--secure")
        listeners = dict(line.split() for line in (self.folder / "listeners").read_text().splitlines())
        self.assertLessEqual({"TLS", "MTLS", "SASL", "SASL_OPEN", "EXPIRED", "OTHER_HOST"}, set(listeners))
        for hosts in listeners.values():
            self.assertTrue(listens(int(hosts.split(":")[1])), hosts)
        ways = {path.name: path.read_text() for path in (self.folder / "urls").iterdir()}
        self.assertEqual(set(ways), {"tls", "mutual-tls", "plain", "scram-sha-256", "scram-sha-512", "oauthbearer"})
        secrets = self.folder / "secrets"
        command = pathlib.Path(f"/proc/{pid_of(self.folder, 1)}/cmdline").read_text()
        for name in ("admin.password", "guest.password"):
            password = (secrets / name).read_text().strip()
            self.assertGreaterEqual(len(password), 32)
            self.assertNotIn(password, command + "".join(ways.values()))
        for path in [self.folder, *self.folder.rglob("*")]:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, f"others may not look at {path}")

    def test_secure_ones_may_be_three(self):
        self.up("--secure", "--brokers", "3")
        for line in (self.folder / "listeners").read_text().splitlines():
            hosts = line.split()[1].split(",")
            self.assertEqual(len(set(hosts)), 3)
            for host in hosts:
                self.assertTrue(listens(int(host.split(":")[1])), line)

    def test_clients_are_told_the_proxys_port(self):
        with socket.socket() as proxy:
            proxy.bind(("127.0.0.1", 0))
            port = proxy.getsockname()[1]
            started = kafka("up", str(self.folder), "--proxied", str(port))
            self.assertEqual(started.returncode, 0, started.stderr)
            self.assertEqual(started.stdout.strip(), f"kafka://127.0.0.1:{port}")
        behind, direct = ((self.folder / name).read_text() for name in ("behind", "direct"))
        self.assertTrue(listens(int(behind.split(":")[-1])))
        self.assertTrue(listens(int(direct.split(":")[-1])))

    def test_its_data_may_have_little_room_which_outlives_it_and_grows(self):
        self.up("--room", "48")
        small = self.blocks_of_room()
        os.kill(pid_of(self.folder, 1), signal.SIGKILL)
        self.assertEqual(kafka("room", str(self.folder), "96").returncode, 0)
        self.assertEqual(self.blocks_of_room(), 2 * small)
        back = kafka("start", str(self.folder))
        self.assertEqual(back.returncode, 0, "what it had stored is there: " + back.stderr)

    def blocks_of_room(self):
        keeper = (self.folder / "1" / "keeper").read_text().strip()
        inside = ["nsenter", "--target", keeper, "--user", "--mount", "--preserve-credentials"]
        asked = subprocess.run([*inside, "stat", "-f", "-c", "%b", self.folder / "1" / "room"], capture_output=True,
                               text=True, check=True)
        return int(asked.stdout)

    def test_ends_with_its_owner(self):
        with subprocess.Popen(["sleep", "600"]) as owner:
            try:
                self.up("--while", str(owner.pid))
                broker = pid_of(self.folder, 1)
            finally:
                owner.kill()
        deadline = time.monotonic() + 60
        while self.folder.exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertFalse(pathlib.Path(f"/proc/{broker}/cwd").exists())

    def test_one_that_is_told_to_stop_while_it_starts_leaves_nothing(self):
        starting = subprocess.Popen([SCRIPT, "up", str(self.folder)], stdout=subprocess.DEVNULL)
        pid = self.folder / "1" / "pid"
        deadline = time.monotonic() + 120
        while not (pid.exists() and pid.read_text().strip()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        broker = int(pid.read_text())
        starting.terminate()
        self.assertEqual(starting.wait(timeout=120), 130)
        self.assertFalse(pathlib.Path(f"/proc/{broker}").exists())

    def test_removes_no_folder_that_is_not_its_own(self):
        self.folder.mkdir()
        mine = self.folder / "letters"
        mine.write_text("dear")
        self.assertNotEqual(kafka("up", str(self.folder)).returncode, 0)
        self.assertNotEqual(kafka("down", str(self.folder)).returncode, 0)
        self.assertEqual(mine.read_text(), "dear")

    def test_says_how_it_is_used(self):
        for wrong in ([], ["fly"], ["up"], ["up", "x", "--brokers", "2"], ["up", "x", "--brokers"],
                      ["up", "x", "--safe"], ["up", "x", "--room"], ["up", "x", "--while", "me"], ["room", "x"], ["acls", "x"], ["down"], ["start"]):
            ended = kafka(*wrong)
            self.assertEqual(ended.returncode, 2, wrong)
            self.assertIn("usage", ended.stderr)
        self.assertIn("usage", kafka("--help").stdout)


unittest.main()

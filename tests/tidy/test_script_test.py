"""What ./test says and returns (A9), on a project of a few lines in its place."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1)).resolve()

PRESETS = """{"version": 6,
  "configurePresets": [
    {"name": "dev", "generator": "Ninja", "binaryDir": "${sourceDir}/build/dev"},
    {"name": "broken", "inherits": "dev", "binaryDir": "${sourceDir}/build/broken", "cacheVariables": {"BROKEN": "ON"}}],
  "buildPresets": [{"name": "dev", "configurePreset": "dev"}, {"name": "broken", "configurePreset": "broken"}]}
"""
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(Small LANGUAGES NONE)
enable_testing()
add_custom_target(all_of_it ALL COMMAND ${CMAKE_COMMAND} -E $<IF:$<BOOL:${BROKEN}>,false,true>)
add_test(NAME Good.One COMMAND ${CMAKE_COMMAND} -E true)
add_test(NAME Good.Two COMMAND ${CMAKE_COMMAND} -E true)
add_test(NAME Bad.One COMMAND ${CMAKE_COMMAND} -E false)
add_test(NAME Long.One COMMAND ${CMAKE_COMMAND} -E true)
set_tests_properties(Good.Two PROPERTIES LABELS tidy)
set_tests_properties(Long.One PROPERTIES LABELS long)
"""


class TestScript(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        shutil.copy(SCRIPT, self.root / "test")
        (self.root / "CMakePresets.json").write_text(PRESETS)
        (self.root / "CMakeLists.txt").write_text(PROJECT)

    def run_script(self, *arguments):
        """Exit code, last line, and all that it said."""
        done = subprocess.run([self.root / "test", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env=os.environ | {"CMAKE_COLOR_DIAGNOSTICS": "OFF"}, timeout=50)
        return done.returncode, done.stdout.rstrip("\n").rsplit("\n", 1)[-1], done.stdout

    def test_counts_what_passed_and_what_failed(self):
        code, last, said = self.run_script("--no-install")
        self.assertEqual((code, last), (1, "2 passed, 1 failed"), said)
        self.assertIn("Bad.One", said)
        self.assertIn("The slowest:", said)

    def test_runs_a_part(self):
        self.assertEqual(self.run_script("--no-install", "^Good")[:2], (0, "2 passed, 0 failed"))
        self.assertEqual(self.run_script("--no-install", "--label", "tidy")[:2], (0, "1 passed, 0 failed"))
        self.assertEqual(self.run_script("--no-install", "--long", "^(Good|Long)")[:2], (0, "3 passed, 0 failed"))

    def test_to_match_no_test_is_one_failure(self):
        for arguments in (["^Goood"], ["--label", "tidyy"], ["^Long"], ["^Good.One", "--label", "tidy"]):
            code, last, said = self.run_script("--no-install", *arguments)
            self.assertEqual((code, last), (1, "0 passed, 1 failed"), said)
            self.assertIn("no test matches", said)
            self.assertIn(arguments[-1], said)

    def test_a_build_that_fails_is_one_failure(self):
        code, last, said = self.run_script("--no-install", "--preset", "broken")
        self.assertEqual((code, last), (3, "0 passed, 1 failed"), said)
        self.assertIn("broken did not build", said)

    def test_so_is_a_preset_that_does_not_exist(self):
        self.assertEqual(self.run_script("--no-install", "--preset", "none")[:2], (3, "0 passed, 1 failed"))

    def test_and_an_installation_that_fails(self):
        (self.root / "scripts").mkdir()
        installer = self.root / "scripts/install-packages"
        installer.write_text("#!/bin/sh\nexit 1\n")
        installer.chmod(0o755)
        self.assertEqual(self.run_script()[:2], (3, "0 passed, 1 failed"))

    def test_what_passed_before_a_build_failed_still_counts(self):
        self.assertEqual(self.run_script("--no-install", "--ci", "^Good")[:2], (3, "2 passed, 1 failed"))

    def test_ci_goes_on_without_a_broker_that_cannot_be_had(self):
        brokers = {"kafka": "Apache Kafka", "rabbitmq": "RabbitMQ"}
        (self.root / "CMakeLists.txt").write_text(PROJECT + "".join(
            f"""add_test(NAME Broker.{name} COMMAND ${{CMAKE_COMMAND}} -E false)
set_tests_properties(Broker.{name} PROPERTIES LABELS {name})
""" for name in brokers))
        (self.root / "scripts").mkdir()
        for missing in ({"kafka", "rabbitmq"}, {"kafka"}, {"rabbitmq"}, set()):
            for name in brokers:
                script = self.root / "scripts" / name
                script.write_text(f"#!/bin/sh\nexit {int(name in missing)}\n")
                script.chmod(0o755)
            _, last, said = self.run_script("--no-install", "--ci")
            for name, title in brokers.items():
                self.assertEqual(f"{title} could not be had" in said, name in missing, said)
                self.assertEqual(f"Broker.{name}" in said, name not in missing, said)
            # Bad.One, that there is no preset asan, and those of the brokers that are there.
            self.assertEqual(last, f"2 passed, {4 - len(missing)} failed", said)

    def test_services_of_brokers_run_where_they_are_asked_for(self):
        (self.root / "CMakeLists.txt").write_text(PROJECT + "".join(
            f"""add_test(NAME Service.{name} COMMAND ${{CMAKE_COMMAND}} -E true)
set_tests_properties(Service.{name} PROPERTIES LABELS {name}_service)
""" for name in ("kafka", "rabbitmq")))
        self.assertEqual(self.run_script("--no-install")[1], "2 passed, 1 failed")
        self.assertEqual(self.run_script("--no-install", "^Service")[1], "2 passed, 0 failed")
        self.assertEqual(self.run_script("--no-install", "--label", "rabbitmq_service")[1], "1 passed, 0 failed")

    def test_wrong_usage_is_refused(self):
        for arguments in (["--no"], ["--preset"], ["--label", ""]):
            self.assertEqual(self.run_script(*arguments)[0], 2, arguments)
        self.assertEqual(self.run_script("--help")[0], 0)


if __name__ == "__main__":
    unittest.main()

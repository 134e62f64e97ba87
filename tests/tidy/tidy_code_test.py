"""What scripts/tidy-code finds in sources of a few lines, and what it returns."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1)).resolve()

CLEAN = "int twice(int value) { return 2 * value; }\n"
MOVED = """#include <string>
#include <utility>
namespace {
std::string take(std::string text) { return text; }
}  // namespace
std::string::size_type NAME(std::string text) {
  const std::string taken = take(std::move(text));
  return taken.size() + text.size();
}
"""
ADVISED = "int at_most(int value) { if (value > 7) { return 7; } else { return value; } }\n"


@unittest.skipUnless(shutil.which("clang-tidy"), "clang-tidy is not there (Debian: clang-tidy)")
class TidyCode(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="tidings-tidy-")
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name).resolve()
        (self.root / "src").mkdir()

    def look(self, *arguments, **sources):
        """Exit code, and all that it said, of sources by their names."""
        files = [self.root / "src" / f"{name}.cpp" for name in sources]
        for file, text in zip(files, sources.values()):
            file.write_text(text)
        (self.root / "compile_commands.json").write_text(json.dumps(
            [{"directory": str(self.root), "file": str(file), "command": f"c++ -std=c++20 -o {file}.o -c {file}"} for file in files]))
        done = subprocess.run([SCRIPT, "--build", self.root, *arguments, *files], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=100)
        return done.returncode, done.stdout

    def test_nothing_in_what_is_clean(self):
        code, said = self.look(clean=CLEAN)
        self.assertEqual((code, said), (0, "0 errors in 1 sources and what they include\n"))

    def test_an_error_fails(self):
        code, said = self.look(clean=CLEAN, sown=MOVED.replace("NAME", "sizes"))
        self.assertEqual(code, 1, said)
        self.assertIn("src/sown.cpp:8:25: error: 'text' used after it was moved [bugprone-use-after-move", said)
        self.assertIn("1 errors in 2 sources", said)

    def test_sources_that_do_not_parse_together_are_looked_at_apart(self):
        code, said = self.look(one=MOVED.replace("NAME", "one"), other=MOVED.replace("NAME", "other"))
        self.assertEqual(code, 1, said)
        self.assertIn("src/one.cpp:8:25: error", said)
        self.assertIn("src/other.cpp:8:25: error", said)
        self.assertIn("2 errors in 2 sources", said)

    def test_what_does_not_parse_is_an_error(self):
        code, said = self.look(broken="int broken( { }\n", clean=CLEAN)
        self.assertEqual(code, 1, said)
        self.assertIn("src/broken.cpp:1:", said)

    def test_advice_stands_apart_and_fails_nothing(self):
        self.assertEqual(self.look(advised=ADVISED)[0], 0)
        code, said = self.look("--advice", advised=ADVISED)
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"(?s)== advice\n.*src/advised.cpp:1:.*warning: .*\[readability-else-after-return")
        self.assertNotIn("== errors", said)

    def test_tells_why_it_cannot(self):
        code, said = self.look("elsewhere.cpp", clean=CLEAN)
        self.assertEqual(code, 2, said)
        self.assertIn("elsewhere.cpp is not in", said)
        code, said = self.look("--build", self.root / "nowhere", clean=CLEAN)
        self.assertEqual(code, 3, said)
        self.assertIn("cmake --preset dev", said)


if __name__ == "__main__":
    unittest.main()

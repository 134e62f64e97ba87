"""Each rule of tidy.py, seen to fail once."""

import unittest

import tidy

ARROWS, HEADERS = tidy.read_arrows("""
base:
transport: base
local: transport base
service: local transport base
header base: result
header transport: transport/*
header service: bus
""")


def arrow(name, include):
    return list(tidy.arrow_faults(name, f'#include "{include}"\n', ARROWS, HEADERS))


class Tidy(unittest.TestCase):
    def test_arrows_run_one_way(self):
        self.assertEqual(arrow("src/transport/local/store.cpp", "tidings/transport/transport.hpp"), [])
        self.assertEqual(arrow("src/transport/local/store.cpp", "transport/local/page.hpp"), [])
        self.assertEqual(arrow("src/service/x.cpp", "transport/local/store.hpp"), [])
        self.assertIn("base must not include transport", arrow("src/base/x.cpp", "tidings/transport/transport.hpp")[0])
        self.assertIn("local must not include service", arrow("src/transport/local/x.cpp", "tidings/bus.hpp")[0])
        self.assertIn("transport must not include local", arrow("src/transport/url.cpp", "transport/local/store.hpp")[0])

    def test_public_headers_belong_to_a_room(self):
        self.assertIn("belongs to no room", arrow("include/tidings/new.hpp", "tidings/result.hpp")[0])

    def test_files_and_functions_are_small(self):
        self.assertEqual(len(list(tidy.size_faults("a.cpp", "\n" * 401))), 1)
        self.assertEqual(list(tidy.size_faults("a.cpp", "\n" * 400)), [])
        long = "void f() {\n" + "  x;\n" * 61 + "}\n"
        self.assertEqual(len(list(tidy.size_faults("a.cpp", long))), 1)
        self.assertEqual(list(tidy.size_faults("a.cpp", long.replace("  x;\n", "", 1))), [])
        self.assertEqual(list(tidy.size_faults("a.cpp", "namespace a {\n" + "x;\n" * 90 + "}\n")), [])

    def test_seams_are_not_bypassed(self):
        for code in ("std::thread t;", "sleep_for(1s);", "system_clock::now()", "sprintf(a, b)", "std::cout << 1"):
            self.assertEqual(len(list(tidy.banned_faults("src/service/x.cpp", code))), 1, code)
        for code in ("std::thread::id t;", "// std::thread", '"sleep_for"', "sleep_until(t)"):
            self.assertEqual(list(tidy.banned_faults("src/service/x.cpp", code)), [], code)
        self.assertEqual(list(tidy.banned_faults("src/base/executor.cpp", "std::thread t;")), [])

    def test_limits_are_found(self):
        for code in ("inline constexpr std::size_t kRowsMax = 1'000;", "  static constexpr Time kRowsMax{1};"):
            self.assertEqual(tidy.limits_of(code), {"kRowsMax"}, code)
        for code in ("  std::size_t rows_max = 10;  // most", "  std::optional<Duration> rows_max;", "  int rows_max{};"):
            self.assertEqual(tidy.limits_of(code), {"rows_max"}, code)
        for code in ("  // kRowsMax = 1", "  if (size >= kRowsMax) return;", "  return rows_max;", "constexpr int kMaximum = 1;"):
            self.assertEqual(tidy.limits_of(code), set(), code)

    def test_limits_are_told(self):
        document = "| `kRowsMax`, `Options::bytes_max` | 10 | `overloaded` | `Store.IsFull` |"
        limits = {"kRowsMax": "src/a.cpp", "bytes_max": "src/b.hpp"}
        self.assertEqual(tidy.tests_of("TEST_F(Store, IsFull) {"), {"Store.IsFull"})
        self.assertEqual(list(tidy.limit_faults(document, limits, {"Store.IsFull"})), [])
        self.assertIn("there is no test Store.IsFull", list(tidy.limit_faults(document, limits, set()))[0])
        self.assertIn("src/c.cpp: docs/limits.md does not say what happens at kKeysMax",
                      list(tidy.limit_faults(document, limits | {"kKeysMax": "src/c.cpp"}, {"Store.IsFull"})))

    def test_file_names_are_unique(self):
        self.assertEqual(len(list(tidy.name_faults(["src/a/x.cpp", "src/b/x.cpp"]))), 1)
        self.assertEqual(list(tidy.name_faults(["src/a/x.cpp", "src/b/y.cpp"])), [])


if __name__ == "__main__":
    unittest.main()

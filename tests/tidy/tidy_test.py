"""Each rule of tidy.py, seen to fail once."""

import unittest

import cpp_text
import tidy

ARROWS, HEADERS = tidy.read_arrows("""
base:
transport: base
local: transport base
service: local transport base
header base: result
header transport: transport/*
header service: bus
examples: public
bench: public
""")
NAMES = ["include/tidings/bus.hpp", "examples/shop/tables.hpp", "examples/shop/demo/books.cpp", "examples/bus/own.hpp"]


def arrow(name, include):
    return list(tidy.arrow_faults(name, f'#include "{include}"\n', ARROWS, HEADERS, NAMES))


def banned(name, code):
    return list(tidy.banned_faults(name, cpp_text.code_of(code)))


def function(head, lines, tail="}\n"):
    return head + " {\n" + "  x;\n" * lines + tail


class Tidy(unittest.TestCase):
    def test_arrows_run_one_way(self):
        self.assertEqual(arrow("src/transport/local/store.cpp", "tidings/transport/transport.hpp"), [])
        self.assertEqual(arrow("src/transport/local/store.cpp", "transport/local/page.hpp"), [])
        self.assertEqual(arrow("src/service/x.cpp", "transport/local/store.hpp"), [])
        self.assertIn("base must not include transport", arrow("src/base/x.cpp", "tidings/transport/transport.hpp")[0])
        self.assertIn("local must not include service", arrow("src/transport/local/x.cpp", "tidings/bus.hpp")[0])
        self.assertIn("transport must not include local", arrow("src/transport/url.cpp", "transport/local/store.hpp")[0])

    def test_floors_of_a_room_include_what_is_below(self):
        floors = tidy.read_floors("local: base\nfloors transport/local: storage tables member\n")

        def floor(name, include):
            return list(tidy.floor_faults(name, f'#include "{include}"\n', floors))

        self.assertEqual(floor("src/transport/local/tables/row.cpp", "transport/local/storage/page.hpp"), [])
        self.assertEqual(floor("src/transport/local/tables/row.cpp", "transport/local/tables/row.hpp"), [])
        self.assertEqual(floor("src/transport/local/all.cpp", "transport/local/member/member.hpp"), [])
        self.assertEqual(floor("src/transport/local/tables/row_test.cpp", "transport/local/member/member.hpp"), [])
        self.assertEqual(floor("src/transport/url.cpp", "transport/local/member/member.hpp"), [])
        self.assertIn("tables must not include member",
                      floor("src/transport/local/tables/row.cpp", "transport/local/member/member.hpp")[0])
        self.assertIn("which is above it", floor("src/transport/local/tables/row.cpp", "transport/local/all.hpp")[0])
        self.assertIn("'new' is not among the floors", floor("src/transport/local/new/row.cpp", "vector")[0])

    def test_examples_include_public_headers_and_their_own_files(self):
        self.assertEqual(arrow("examples/shop/demo/books.cpp", "tidings/bus.hpp"), [])
        self.assertEqual(arrow("examples/shop/demo/books.cpp", "tables.hpp"), [])
        for include in ("transport/local/store.hpp", "tidings/none.hpp", "own.hpp"):
            self.assertIn(f"files of examples/shop/ only ({include})", arrow("examples/shop/demo/books.cpp", include)[0])
        self.assertEqual(len(arrow("examples/shop/books_test.cpp", "service/engine.hpp")), 1)
        self.assertEqual(arrow("bench/id_bench.cpp", "tidings/bus.hpp"), [])
        self.assertEqual(len(arrow("bench/id_bench.cpp", "service/engine.hpp")), 1)

    def test_public_headers_belong_to_a_room(self):
        self.assertIn("belongs to no room", arrow("include/tidings/new.hpp", "tidings/result.hpp")[0])

    def test_public_headers_are_exported(self):
        code = "namespace tidings {\nclass A;\n}  // namespace tidings\n"
        push, pop = "#pragma GCC visibility push(default)\n", "#pragma GCC visibility pop\n"
        head = "#pragma once\n#include <string>\n"
        self.assertEqual(list(tidy.visibility_faults("include/tidings/a.hpp", head + push + code + pop)), [])
        self.assertEqual(list(tidy.visibility_faults("src/base/a.hpp", head + code)), [])
        for wrong in (head + code, head + push + code, push + head + code + pop, head + code + push + pop,
                      head + push + code + pop + code):
            self.assertEqual(len(list(tidy.visibility_faults("include/tidings/a.hpp", wrong))), 1, wrong)

    def test_files_are_small(self):
        self.assertEqual(len(list(tidy.size_faults("a.cpp", "\n" * 401))), 1)
        self.assertEqual(list(tidy.size_faults("a.cpp", "\n" * 400)), [])

    def test_functions_are_small(self):
        for head in ("void f()",
                     "Result<std::vector<Delivery>> Member::receive(std::size_t most,\n"
                     "                                              Time deadline) const",
                     "template <class T>\nvoid f(T t)",
                     "Store::Store(Path path, std::size_t size)\n    : path_{std::move(path)},\n      size_{size}",
                     "TEST(Store,\n     IsFull)",
                     "BOOST_DESCRIBE_STRUCT(Row, (), (id, (a)))\n\nauto f() -> int",
                     "struct Row f()",
                     "constexpr Row kRows[] ="):
            for place in ("{}", "namespace a {{\n{}}}\n", "class A final : public B<int> {{\n public:\n{}}};\n",
                          "BOOST_DESCRIBE_STRUCT(A, (), ())\nstruct A {{\n  int i = 0;\n{}}};\n"):
                self.assertEqual(len(list(tidy.size_faults("a.cpp", place.format(function(head, 61))))), 1, head)
                self.assertEqual(list(tidy.size_faults("a.cpp", place.format(function(head, 60)))), [], head)

    def test_what_is_no_function_may_be_long(self):
        for head in ("namespace a", "class A", "struct A final : B<int>", "template <class T>\nstruct A<T[]>",
                     "enum class Kind : int", 'extern "C"', "struct [[nodiscard]] alignas(8) A"):
            self.assertEqual(list(tidy.size_faults("a.cpp", function(head, 90))), [], head)
        many = "".join(function(f"void f{i}()", 20) for i in range(5))
        self.assertEqual(list(tidy.size_faults("a.cpp", many)), [])

    def test_braces_in_text_are_not_code(self):
        for line in ('"{";', "'{';", "// {", "/* {\n { */", 'R"x({"\n{)x";', "#define A {",
                     "#define A \\\n  {", "1'000;"):
            code = "void f() {\n  " + line + "\n}\n" + function("void g()", 61)
            self.assertEqual(len(list(tidy.size_faults("a.cpp", code))), 1, line)
            self.assertEqual(cpp_text.code_of(code).count("\n"), code.count("\n"), line)

    def test_seams_are_not_bypassed(self):
        for code in ("std::thread t;", "std::jthread t;", "std::async(f)", "pthread_create(&t, 0, f, 0)",
                     "thrd_create(&t, f, 0)", "std::condition_variable c;", "std::condition_variable_any c;"):
            self.assertEqual(len(banned("src/service/x.cpp", code)), 1, code)
            self.assertEqual(banned("src/base/executor.cpp", code), [], code)
        for code in ("std::this_thread::sleep_for(1s)", "std::this_thread::sleep_until(t)", "this_thread::yield()",
                     "sleep_for(1s)", "using namespace std::this_thread;", "nanosleep(&t, 0)", "usleep(1)",
                     "clock_nanosleep(c, 0, &t, 0)", "::sleep(1)", "sleep(1)",
                     "std::chrono::system_clock::now()", "steady_clock::now()", "high_resolution_clock::now()",
                     "using Clock = std::chrono::steady_clock;", "clock_gettime(c, &t)", "gettimeofday(&t, 0)",
                     "time(nullptr)", "std::random_device device;", "rand()", "std::rand()", "srand(1)", "getrandom(p, 8, 0)",
                     "sprintf(a, b)", "system(a)", "std::cout << 1"):
            self.assertEqual(len(banned("src/service/x.cpp", code)), 1, code)

    def test_tests_and_programs_keep_to_the_seams_too(self):
        for code in ("std::jthread t;", "sleep_for(1s);", "steady_clock::now()", "std::random_device{}()"):
            for name in ("tests/support/x.cpp", "src/event/x_test.cpp", "bench/x.cpp", "tools/tidings/x.cpp",
                         "examples/bus/main.cpp"):
                self.assertEqual(len(banned(name, code)), 1, code)
        self.assertEqual(banned("tests/support/x.cpp", "std::cout << 1"), [])

    def test_what_only_sounds_banned_is_allowed(self):
        for code in ("std::thread::id t;", "std::thread::hardware_concurrency()", "std::this_thread::get_id()", "// std::thread",
                     '"sleep_for"', "executor.sleep_until(t)", "void Executor::sleep_until(Time t)", "baton->sleep(t)",
                     "void Baton::sleep(Time t)", "row.time(nullptr)", "steady_clock::time_point t;",
                     "executor.random()", "#include <random>"):
            self.assertEqual(banned("src/service/x.cpp", code), [], code)

    def test_headers_are_included_first_by_the_source_of_their_name(self):
        header, source = "src/a/b.hpp", "src/a/b.cpp"
        first = '#include "a/b.hpp"\n\n#include <map>\n'
        late = '#include <map>\n\n#include "a/b.hpp"\n'
        self.assertEqual(list(tidy.header_faults({header: "", source: first})), [])
        self.assertEqual(list(tidy.header_faults({header: "", source: late, "src/a/b_test.cpp": first})), [])
        self.assertEqual(list(tidy.header_faults({"include/tidings/b.hpp": "", source: '#include "tidings/b.hpp"\n'})), [])
        self.assertEqual(list(tidy.header_faults({header: "", "src/a/c.cpp": late})), [])  # CMakeLists.txt compiles it
        self.assertIn("src/a/b.hpp: neither of src/a/b.cpp", list(tidy.header_faults({header: "", source: late}))[0])

    def test_public_headers_include_what_is_installed(self):
        def faults(include, name="include/tidings/bus.hpp"):
            return list(tidy.public_header_faults(name, f"#include {include}\n", ["include/tidings/result.hpp"]))

        for include in ('"tidings/result.hpp"', "<string_view>", "<tl/expected.hpp>", "<boost/describe.hpp>"):
            self.assertEqual(faults(include), [], include)
        for include in ('"service/engine.hpp"', '"tidings/none.hpp"', "<boost/json.hpp>", "<sqlite3.h>",
                        "<fmt/format.h>"):
            self.assertEqual(len(faults(include)), 1, include)
            self.assertEqual(faults(include, "src/service/bus.hpp"), [], include)

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
        self.assertEqual(list(tidy.limit_faults(document, limits)), [])
        self.assertEqual(list(tidy.named_test_faults("a.md", document, {"Store.IsFull"})), [])
        self.assertEqual(list(tidy.named_test_faults("a.md", document, set())), ["a.md: there is no test Store.IsFull"])
        self.assertIn("src/c.cpp: docs/limits.md does not say what happens at kKeysMax",
                      list(tidy.limit_faults(document, limits | {"kKeysMax": "src/c.cpp"})))

    def test_file_names_are_unique(self):
        self.assertEqual(len(list(tidy.name_faults(["src/a/x.cpp", "src/b/x.cpp"]))), 1)
        self.assertEqual(list(tidy.name_faults(["src/a/x.cpp", "src/b/y.cpp"])), [])


if __name__ == "__main__":
    unittest.main()

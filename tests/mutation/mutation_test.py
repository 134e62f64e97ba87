"""What counts as found: judge() of mutation.py on reports as GoogleTest writes them."""

import unittest

from mutation import FAILED, judge


def report(*cases):
    return {"testsuites": [{"testsuite": list(cases)}]}


def case(*failures, result="COMPLETED"):
    return {"name": "Test", "result": result, "failures": [{"failure": failure} for failure in failures]}


class Judge(unittest.TestCase):
    def why(self, code, given):
        return judge(code, given, "Test")[0]

    def test_a_failed_assertion_is_found(self):
        self.assertEqual(judge(FAILED, report(case("x_test.cpp:7\nExpected")), "Test"), (None, "x_test.cpp:7\nExpected"))

    def test_a_test_that_passes_finds_nothing(self):
        self.assertIn("does not find it", self.why(0, report(case())))

    def test_a_test_that_is_not_there_or_is_skipped_is_an_error(self):
        self.assertIn("0 tests ran", self.why(0, {}))
        self.assertIn("0 tests ran", self.why(0, report(case(result="SKIPPED"))))
        self.assertIn("0 tests ran", self.why(0, report(case(result="SUPPRESSED"))))
        self.assertIn("2 tests ran", self.why(FAILED, report(case("a:1"), case("b:1"))))

    def test_an_exception_is_an_error(self):
        self.assertIn("threw", self.why(FAILED, report(case("unknown file\nC++ exception"))))
        self.assertIsNone(self.why(FAILED, report(case("unknown file\nC++ exception", "x_test.cpp:7\nExpected"))))

    def test_a_crash_is_an_error(self):
        self.assertIn("ended with -6", self.why(-6, report(case("x_test.cpp:7\nExpected"))))


unittest.main()

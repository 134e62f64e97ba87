"""What libtidings.so exports: names of public headers, and no others. exports_test.py LIBRARY INCLUDE"""

import pathlib
import re
import subprocess
import sys
import unittest

LIBRARY, INCLUDE = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
DECLARES = re.compile(r"(?:(?<=class )|(?<=struct )|(?<=\]\] ))\w+|\w+(?=\()|\bk[A-Z]\w*")
ABOUT = re.compile(r"^(typeinfo for|typeinfo name for|vtable for|VTT for) ")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported():
    """Demangled, without versions."""
    lines = output_of("nm", "-DC", "--defined-only", LIBRARY).splitlines()
    names = [re.sub(r"@@?TIDINGS_\d+$", "", line.split(" ", 2)[2]) for line in lines]
    return [name for name in names if not re.fullmatch(r"TIDINGS_\d+", name)]


def fault_of(name, namespaces, declared):
    """Why a demangled name is none of a public header; None when it is one. The class that a member is of decides."""
    plain = re.sub(r"[(<].*", "", ABOUT.sub("", name).replace("[abi:cxx11]", ""))
    parts = plain.split("::")
    if parts[0] != "tidings":
        return "is not of tidings"
    inner = [part for part in parts if part not in namespaces]
    return None if inner and inner[0] in declared else "stands in no public header"


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        texts = [re.sub(r'//[^\n]*|"[^"\n]*"', "", path.read_text()) for path in INCLUDE.rglob("*.hpp")]
        cls.declared = {name for text in texts for name in DECLARES.findall(text)}
        named = [name for text in texts for name in re.findall(r"^namespace ([\w:]+)", text, re.M)]
        cls.namespaces = {part for name in named for part in name.split("::")}
        cls.names = exported()

    def test_public_names_only(self):
        faults = {name: fault_of(name, self.namespaces, self.declared) for name in self.names}
        self.assertEqual({name: fault for name, fault in faults.items() if fault}, {})

    def test_what_users_link_is_there(self):
        for name in ("tidings::Service::run(int, char**)", "tidings::transport::describe_linked[abi:cxx11]()",
                     "tidings::testing::Harness::bus()", "typeinfo for tidings::Inbox"):
            self.assertIn(name, self.names)

    def test_private_names_would_be_found(self):
        for name in ("mdb_env_open", "std::vector<int>::push_back(int&&)", "tidings::local::Committer::run()",
                     "vtable for tidings::kafka::Member", "tidings::PlainWorker::run(std::string const&)"):
            self.assertIsNotNone(fault_of(name, self.namespaces, self.declared), name)

    def test_its_name_says_which_abi_it_has(self):
        dynamic = output_of("readelf", "-d", LIBRARY)
        self.assertRegex(dynamic, r"SONAME.*\[libtidings\.so\.\d+\]")
        abi = re.search(r"libtidings\.so\.(\d+)\]", dynamic).group(1)
        self.assertIn(f"TIDINGS_{abi}", output_of("readelf", "-V", LIBRARY))


if __name__ == "__main__":
    unittest.main()

"""What users get, used as they use it: see README.md. PACKAGE_* in the environment say where things are."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ["PACKAGE_BUILD"])
PREFIX = pathlib.Path(os.environ["PACKAGE_PREFIX"])
LIBDIR = PREFIX / os.environ["PACKAGE_LIBDIR"]
CMAKE = os.environ["PACKAGE_CMAKE"]
CXX = os.environ["PACKAGE_CXX"]
TRANSPORTS = os.environ["PACKAGE_TRANSPORTS"].split()
ENVIRONMENT = os.environ | {"PKG_CONFIG_PATH": str(LIBDIR / "pkgconfig")}


def attempt(*command, **options):
    """Its exit code, and all that it printed."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=options.pop("env", ENVIRONMENT), **options)
    return done.returncode, done.stdout


def run(*command, **options):
    code, output = attempt(*command, **options)
    if code != 0:
        raise AssertionError(f"exit code {code} of {' '.join(map(str, command))}:\n{output}")
    return output


def configure(source, build, *arguments):
    return attempt(CMAKE, "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={CXX}", f"-DCMAKE_PREFIX_PATH={PREFIX}",
                   *arguments)


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tidings-package-")
        self.addCleanup(folder.cleanup)
        self.scratch = pathlib.Path(folder.name)


class Installs(unittest.TestCase):
    def test_into_a_folder_of_its_own(self):
        shutil.rmtree(PREFIX, ignore_errors=True)
        run(CMAKE, "--install", BUILD, "--prefix", PREFIX)
        headers = [path.relative_to(PREFIX / "include").as_posix() for path in (PREFIX / "include").rglob("*.*")]
        of_tree = HERE.parent.parent / "include"
        self.assertEqual(sorted(headers), sorted(path.relative_to(of_tree).as_posix() for path in of_tree.rglob("*.hpp")))
        self.assertIn("tidings", run(PREFIX / "bin/tidings", "--help"))


class FindPackage(Scratch):
    def test_shared_and_static(self):
        wanted = ";".join(["static", *(name for name in TRANSPORTS if name in ("kafka", "rabbitmq"))])
        code, output = configure(HERE / "consumer", self.scratch, f"-DWANTED={wanted}")
        self.assertEqual(code, 0, output)
        run(CMAKE, "--build", self.scratch)
        for program in ("consumer_shared", "consumer_static"):
            with self.subTest(program):
                folder = self.scratch / f"{program}_here"
                folder.mkdir()
                output = run(self.scratch / program, cwd=folder)
                linked = {name.replace("rabbitmq", "amqp[s]") for name in TRANSPORTS}
                self.assertEqual(set(output.split()), {"handled"} | linked)
                needed = run("readelf", "-d", self.scratch / program)
                self.assertEqual("libtidings.so.0" in needed, program == "consumer_shared")


class PkgConfig(Scratch):
    def test_shared_and_static(self):
        source = self.scratch / "small.cpp"
        source.write_text('#include <cstdio>\n#include "tidings/transport/linked.hpp"\n'
                          'int main() { return std::puts(tidings::transport::describe_linked().back().c_str()) < 0; }\n')
        compiler = [CXX, "-std=c++20", "-c", source, "-o", self.scratch / "small.o"]
        run(*compiler, *run("pkg-config", "--cflags", "tidings").split())
        link = [CXX, self.scratch / "small.o", "-o"]
        run(*link, self.scratch / "shared", *run("pkg-config", "--libs", "tidings").split(), f"-Wl,-rpath,{LIBDIR}")
        static = run("pkg-config", "--libs", "--static", "tidings").replace("-ltidings", "-l:libtidings.a").split()
        run(*link, self.scratch / "static", *static)
        self.assertIn("memory:", run(self.scratch / "shared"))
        self.assertIn("memory:", run(self.scratch / "static"))
        self.assertEqual(run("pkg-config", "--modversion", "tidings").strip(), os.environ["PACKAGE_VERSION"])


class Components(Scratch):
    def wrong(self, folder, component, version="0.1"):
        project = self.scratch / "project"
        project.mkdir(exist_ok=True)
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(P LANGUAGES NONE)\n"
            f"find_package(Tidings {version} REQUIRED COMPONENTS {component})\n")
        code, output = attempt(CMAKE, "-S", project, "-B", self.scratch / "build", f"-DTidings_DIR={folder}")
        self.assertNotEqual(code, 0, output)
        return " ".join(output.split())

    def test_one_that_there_is_not(self):
        output = self.wrong(LIBDIR / "cmake/Tidings", "pulsar")
        self.assertIn("'pulsar' is no component of Tidings; these are: service;testing", output)

    def test_one_that_was_left_out(self):
        copy = self.scratch / "Tidings"
        shutil.copytree(LIBDIR / "cmake/Tidings", copy)
        config = copy / "TidingsConfig.cmake"
        text = config.read_text()
        transports = f"set(Tidings_TRANSPORTS {';'.join(TRANSPORTS)})"
        self.assertIn(transports, text)
        config.write_text(text.replace(transports, "set(Tidings_TRANSPORTS local;memory)"))
        for component, library in (("kafka", "librdkafka-dev"), ("rabbitmq", "librabbitmq-dev")):
            output = self.wrong(copy, component)
            self.assertIn(f"was built without transport {component}: install", output)
            self.assertIn(library, output)

    def test_another_version(self):
        self.assertIn('compatible with requested version "0.2"', self.wrong(LIBDIR / "cmake/Tidings", "service", "0.2"))


def make_packages(folder):
    """The Debian packages of this build, by their names."""
    run("cpack", "-G", "DEB", "--config", BUILD / "CPackConfig.cmake", "-B", folder, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none")
    return {path.name.split("_")[0]: path for path in folder.glob("*.deb")}


@unittest.skipUnless(shutil.which("dpkg-shlibdeps"), "dpkg-shlibdeps is not there (Debian: dpkg-dev)")
class DebianPackages(unittest.TestCase):
    """Of this build, taken apart."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="tidings-package-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name) / "root"
        cls.packages = make_packages(pathlib.Path(folder.name) / "cpack")
        for path in cls.packages.values():
            run("dpkg-deb", "-x", path, cls.root)

    def files(self, package):
        return run("dpkg-deb", "-c", self.packages[package])

    def field(self, package, name):
        return run("dpkg-deb", "-f", self.packages[package], name).strip()

    def test_are_these(self):
        self.assertEqual(set(self.packages), {"libtidings0", "libtidings-dev", "tidings-tools"})
        for name in self.packages:
            control = run("dpkg-deb", "-I", self.packages[name])
            self.assertNotIn("conffiles", control)
            for document in ("copyright", "changelog.gz"):
                self.assertIn(f"/usr/share/doc/{name}/{document}\n", self.files(name))

    def test_library_has_its_abi_number_and_what_it_needs(self):
        files, depends = self.files("libtidings0"), self.field("libtidings0", "Depends")
        self.assertIn("/libtidings.so.0 ->", files)
        self.assertNotIn("/libtidings.so ->", files)
        self.assertIn("liblmdb0", depends)
        self.assertNotIn("-dev", depends)
        self.assertEqual("librdkafka1" in depends, "kafka" in TRANSPORTS)
        self.assertEqual("librabbitmq4" in depends, "rabbitmq" in TRANSPORTS)
        self.assertIn("libtidings 0 libtidings0", run("dpkg-deb", "-I", self.packages["libtidings0"], "shlibs"))
        self.assertIn("ldconfig", run("dpkg-deb", "-I", self.packages["libtidings0"], "triggers"))

    def test_dev_has_what_programs_are_compiled_with(self):
        for name in ("/libtidings.so ->", "/libtidings.a", "/TidingsConfig.cmake", "/tidings.pc", "/service.hpp"):
            self.assertIn(name, self.files("libtidings-dev"))
        self.assertEqual(self.field("libtidings-dev", "Depends"),
                         f"libtidings0 (= {os.environ['PACKAGE_VERSION']}), libboost1.81-dev, libexpected-dev")

    def test_tools_stand_alone(self):
        self.assertNotIn("libtidings0", self.field("tidings-tools", "Depends"))
        for name in ("bash-completion/completions/tidings", "zsh/vendor-completions/_tidings",
                     "fish/vendor_completions.d/tidings.fish", "libexec/tidings/kafka", "man/man1/tidings.1.gz"):
            self.assertIn(f"/{name}\n", self.files("tidings-tools"))
        self.assertIn("lag", run(self.root / "usr/bin/tidings", "--help"))

    def test_nothing_tells_where_it_was_built(self):
        told = [path.relative_to(self.root) for path in self.root.rglob("*") if path.is_file()
                and os.environ["PACKAGE_SOURCE"].encode() in path.read_bytes()]
        self.assertEqual(told, [])

    def test_nothing_has_debug_information(self):
        binaries = [*self.root.rglob("libtidings.so.*.*"), *self.root.rglob("libtidings.a"), self.root / "usr/bin/tidings"]
        self.assertEqual(len(binaries), 3)
        for binary in binaries:
            self.assertNotIn(".debug_info", run("readelf", "-SW", binary), binary)


def why_no_debian():
    for program, package in (("dpkg-shlibdeps", "dpkg-dev"), ("debootstrap", "debootstrap"), ("unshare", "util-linux")):
        if not shutil.which(program):
            return f"{program} is not there (Debian: {package})"
    return "" if os.geteuid() == 0 else "a bare Debian takes root"


@unittest.skipIf(why_no_debian(), why_no_debian())
class BareDebian(Scratch):
    def test_installs_uses_and_removes_the_packages(self):
        make_packages(self.scratch / "cpack")
        self.assertIn("== all worked", run(pathlib.Path(os.environ["PACKAGE_SOURCE"]) / "scripts/try-packages", self.scratch / "cpack"))


class Init(Scratch):
    def test_makes_a_project_that_builds_and_passes(self):
        run(PREFIX / "bin/tidings", "init", "order-watcher", cwd=self.scratch)
        project, build = self.scratch / "order-watcher", self.scratch / "build"
        code, output = configure(project, build)
        self.assertEqual(code, 0, output)
        run(CMAKE, "--build", build)
        tested = run("ctest", "--test-dir", build, "--output-on-failure")
        self.assertIn("100% tests passed, 0 tests failed out of 2", tested)
        self.assertIn('"order-watcher"', run(build / "bin/order-watcher", "--describe"))


if __name__ == "__main__":
    unittest.main()

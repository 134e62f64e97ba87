"""What the house keeps in order: arrows between rooms, sizes, banned calls, headers that compile alone, tests that are in
the build, limits that are told.

tidy.py ROOT prints one line for each fault, and exits 1 when there is any. tidy_test.py tests it.
"""

import fnmatch
import pathlib
import re
import subprocess
import sys

from cpp_text import blocks, code_of

LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# Larger than the limit, each with its reason. This list only shrinks.
LARGE_FILES = {}
LONG_FUNCTIONS = {}

# What bypasses a seam: (pattern, what to use instead, {where it is allowed: why}).
SEAM = {"src/base/executor.cpp": "the seam itself"}
THREADS = SEAM | {"src/testing/sim/*": "the seam on virtual time"}
CLOCKS = SEAM | {"src/transport/local/storage/wake_file.cpp": "a mutex between processes has its deadline on the kernel's clock"}
STREAMS = dict.fromkeys(["tools/*", "examples/*", "tests/*", "bench/*", "*_test.cpp", "*_child.cpp"], "programs")
BANNED = [
    (r"\bstd::(?:jthread\b|thread\b(?!::(?:id|hardware_concurrency)\b)|async\b)|\b(?:pthread|thrd)_create\b",
     "Executor::spawn", THREADS),
    (r"\bstd::condition_variable", "Executor::condition", THREADS),
    (r"\bthis_thread\b(?!::get_id)|\b(?:sleep_for|nanosleep|clock_nanosleep|usleep)\b|(?<![\w>])::sleep\("
     r"|(?<![\w.>:])sleep\((?=\d)", "a Condition with a deadline, or Executor::sleep_until", SEAM),
    (r"\b(?:system|steady|high_resolution)_clock\b(?:::now\b|(?=\s*;))|\b(?:clock_gettime|gettimeofday|timespec_get)\b"
     r"|(?<![\w.>])time\((?:0|NULL|nullptr)\)", "Executor::now", CLOCKS),
    (r"\brandom_device\b|\b(?:rand|srand|[dlm]rand48|getrandom|getentropy)\(", "Executor::random", SEAM),
    (r"\b(?:strcpy|strcat|sprintf|gets|system)\(", "something that knows its bounds", {}),
    (r"\bstd::(?:cout|cerr)\b", "what the caller hands in", STREAMS),
]

# Other headers than the standard's that those of include/ may include.
PUBLIC_INCLUDES = r"[a-z_]+|tl/expected\.hpp|boost/(?:describe|mp11)\.hpp"


def sources(root):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, check=True,
                            capture_output=True, text=True).stdout.split("\n")
    return [name for name in listed if name.endswith((".cpp", ".hpp")) and (root / name).is_file()]


def read_arrows(text):
    """The rooms that each room may include, and the patterns of each room's public headers."""
    arrows, headers = {}, {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        left, right = line.split(":")
        if left.startswith("floors "):
            continue
        if left.startswith("header "):
            headers[left.removeprefix("header ")] = right.split()
        else:
            arrows[left] = set(right.split())
    return arrows, headers


def read_floors(text):
    """The folders of a room that has them, from the ground up."""
    return {room: folders.split() for room, folders in re.findall(r"^floors ([\w/]+):(.*)$", text, re.M)}


def room_of_header(name, headers):
    for room, patterns in headers.items():
        if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
            return room
    return None


def room_of_file(name, headers):
    parts = name.split("/")
    if name.startswith("include/tidings/"):
        path = name.removeprefix("include/tidings/").removesuffix(".hpp")
        return room_of_header(path.removeprefix("detail/"), headers)
    if parts[0] == "src":
        return parts[2] if parts[1] in ("transport", "testing") and len(parts) > 3 else parts[1]
    return parts[0] if parts[0] in ("tools", "examples", "bench") else None


def room_of_include(path, headers):
    if path.startswith("tidings/"):
        return room_of_header(path.removeprefix("tidings/").removeprefix("detail/").removesuffix(".hpp"), headers)
    parts = path.split("/")
    return parts[1] if parts[0] in ("transport", "testing") and len(parts) > 2 else parts[0]


def private_include_faults(name, text, names):
    """Examples and benchmarks do what users can do: they include public headers, and files of their own folder."""
    folder = "/".join(name.split("/")[:-1][:2]) + "/"
    own = [other for other in names if other.startswith(folder)]
    for path in re.findall(r'^#include "([^"]+)"', text, re.M):
        if f"include/{path}" not in names and not any(other.endswith(f"/{path}") for other in own):
            yield f"{name}: may include public headers and files of {folder} only ({path})"


def arrow_faults(name, text, arrows, headers, names=()):
    room = room_of_file(name, headers)
    if name.startswith("include/tidings/") and room is None:
        yield f"{name}: belongs to no room; name it in tests/tidy/arrows.txt"
    if room is not None and arrows.get(room) == {"public"}:
        yield from private_include_faults(name, text, names)
        return
    if room is None or name.endswith("_test.cpp"):
        return
    if room not in arrows:
        yield f"{name}: the room '{room}' is not in tests/tidy/arrows.txt"
        return
    for path in re.findall(r'^#include "([^"]+)"', text, re.M):
        target = room_of_include(path, headers)
        if target is not None and target != room and target in arrows and target not in arrows[room]:
            yield f"{name}: {room} must not include {target} ({path})"


def floor_faults(name, text, floors):
    """A folder of a room may include those below it; what lies beside the folders may include all of them."""
    if name.endswith("_test.cpp"):
        return
    for room, folders in floors.items():
        if not name.startswith(f"src/{room}/"):
            continue
        parts = name.removeprefix(f"src/{room}/").split("/")
        if len(parts) == 1:
            return
        if parts[0] not in folders:
            yield f"{name}: folder '{parts[0]}' is not among the floors of {room} in tests/tidy/arrows.txt"
            return
        below = folders[:folders.index(parts[0]) + 1]
        for path in re.findall(rf'^#include "{room}/([^"]+)"', text, re.M):
            target = path.split("/")[0] if "/" in path else room
            if target not in below:
                yield f"{name}: {parts[0]} must not include {target}, which is above it ({path})"


def size_faults(name, text):
    count = text.count("\n")
    if count > LINES_MAX and name not in LARGE_FILES:
        yield f"{name}: {count} lines, at most {LINES_MAX}; split it by concept"
    lines = text.splitlines()
    for number, size in blocks(text):
        if size > FUNCTION_LINES_MAX and f"{name}:{lines[number - 1].strip()}" not in LONG_FUNCTIONS:
            yield f"{name}:{number}: {size} lines, a function has at most {FUNCTION_LINES_MAX}"


def banned_faults(name, code):
    for pattern, instead, seams in BANNED:
        if any(fnmatch.fnmatch(name, seam) for seam in seams):
            continue
        found = re.search(pattern, code)
        if found:
            line = code[:found.start()].count("\n") + 1
            yield f"{name}:{line}: '{found.group(0)}' is banned here; use {instead}"


def public_header_faults(name, text, names):
    """What a public header includes is installed with it, or of the few libraries that users have anyway."""
    if not name.startswith("include/"):
        return
    for form, path in re.findall(r'^#include ([<"])([^">]+)', text, re.M):
        if form == '"' and f"include/{path}" not in names or form == "<" and not re.fullmatch(PUBLIC_INCLUDES, path):
            yield f"{name}: a public header includes public headers, std, Boost.Describe and tl::expected only ({path})"


def visibility_faults(name, text):
    """Rooms are compiled with hidden visibility: what a public header declares is exported by the pragma around it."""
    if not name.startswith("include/"):
        return
    lines = [line for line in text.splitlines() if line.startswith(("#", "namespace", "}  // namespace"))]
    kinds = ["push" if line == "#pragma GCC visibility push(default)" else "pop" if line == "#pragma GCC visibility pop"
             else "include" if line.startswith("#") else "code" for line in lines]
    if not re.fullmatch(r"(include )*push (code )+pop (include )*", " ".join(kinds) + " "):
        yield (f"{name}: a public header has `#pragma GCC visibility push(default)` before its namespaces and `pop` "
               "behind them, and no include between, else libtidings.so does not export what it declares")


def header_faults(texts):
    """A header of include or src that has a source of its name is the first that this source includes, so it compiles
    alone. CMakeLists.txt beside this makes a source for each of the others."""
    sources_of = {}
    for name in texts:
        if name.startswith("src/") and name.endswith(".cpp"):
            stem = pathlib.PurePath(name).stem
            sources_of.setdefault(stem.removesuffix("_test"), []).append(name)
    for name in texts:
        if not name.startswith(("include/", "src/")) or "/detail/" in name or not name.endswith(".hpp"):
            continue
        beside = sources_of.get(pathlib.PurePath(name).stem, [])
        firsts = [re.search(r'^#include [<"]([^>"]+)', texts[source], re.M) for source in beside]
        if beside and name.split("/", 1)[1] not in [first.group(1) for first in firsts if first]:
            yield f"{name}: neither of {', '.join(beside)} includes it first, so nobody knows whether it compiles alone"


def build_faults(root, names):
    """Every .cpp of src, tools and tests stands in a CMakeLists.txt beside it or above it."""
    for name in names:
        if not name.endswith(".cpp") or "/compile_fail/" in name:
            continue
        path = root / name
        lists = [parent / "CMakeLists.txt" for parent in path.parents if (parent / "CMakeLists.txt").is_file()]
        if not any(re.search(rf"(^|[\s/(]){re.escape(path.name)}\b", entry.read_text()) for entry in lists):
            yield f"{name}: is in no CMakeLists.txt, so it is neither built nor run"


def limits_of(text):
    """The names of limits that a file defines: constants `k...Max`, and fields `..._max` with a default."""
    code = re.sub(r"//[^\n]*", "", text)
    constants = re.findall(r"\bconstexpr\b[^;=({]*?\b(k[A-Z]\w*Max(?:Default|Least)?)\s*[={]", code)
    fields = re.findall(r"^ *(?!return\b|const\b|auto\b)[\w:<>]+(?: \w+)? ([a-z]\w*_max)(?: = [^;]*| *\{[^;]*)?;", code, re.M)
    return set(constants + fields)


def tests_of(text):
    return {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", text, re.M)}


def quoted_of(document):
    return re.findall(r"`([^`\n]+)`", document)


def limit_faults(document, limits):
    """`limits`: name -> the file that defines it. The document names all of them."""
    words = {word for text in quoted_of(document) for word in re.findall(r"\w+", text)}
    for limit, name in sorted(limits.items()):
        if limit not in words:
            yield f"{name}: docs/limits.md does not say what happens at {limit}"


def named_test_faults(name, document, tests):
    for text in quoted_of(document):
        if re.fullmatch(r"[A-Z]\w+\.[A-Z]\w+", text) and text not in tests:
            yield f"{name}: there is no test {text}"


def name_faults(names):
    seen = {}
    for name in names:
        base = name.rsplit("/", 1)[-1]
        if base == "main.cpp" or name.startswith(("examples/", "tests/")):
            continue
        if base in seen and not name.startswith("include/") and not seen[base].startswith("include/"):
            yield f"{name}: a file of that name is also at {seen[base]}"
        seen[base] = name


def faults(root):
    rules = (root / "tests/tidy/arrows.txt").read_text()
    arrows, headers = read_arrows(rules)
    floors = read_floors(rules)
    texts = {name: (root / name).read_text() for name in sources(root)}
    limits, tests = {}, set()
    for name, text in texts.items():
        tests |= tests_of(text)
        if name.startswith(("include/", "src/", "tools/")) and not name.endswith("_test.cpp"):
            limits |= {limit: name for limit in limits_of(text)}
        yield from arrow_faults(name, text, arrows, headers, texts)
        yield from floor_faults(name, text, floors)
        yield from size_faults(name, text)
        yield from banned_faults(name, code_of(text))
        yield from public_header_faults(name, text, texts)
        yield from visibility_faults(name, text)
    yield from header_faults(texts)
    yield from build_faults(root, texts)
    yield from name_faults(texts)
    yield from limit_faults((root / "docs/limits.md").read_text(), limits)
    for name in ("docs/limits.md", "docs/guides/store-faults.md"):
        yield from named_test_faults(name, (root / name).read_text(), tests)


def main():
    found = list(faults(pathlib.Path(sys.argv[1]).resolve()))
    for fault in found:
        print(fault)
    print(f"{len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

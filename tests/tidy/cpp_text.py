"""C++ as far as the rules of tidy.py need it: what is code, and where functions begin and end."""

import re

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<fence>[^(\s"]*)\(.*?\)(?P=fence)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')
      | (?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)""",
    re.S | re.M | re.X)

# A line that is a macro's call, as BOOST_DESCRIBE_STRUCT(Order, (), (id, items)).
_MACRO_LINE = re.compile(r"^[ ]*[A-Z][A-Z0-9_]*\((?:[^()]|\([^()]*\))*\)[ ]*\n", re.M)
_CONTAINER = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b")


def code_of(text):
    """The text without comments, and with nothing in its strings; each line stays where it was."""

    def blank(found):
        text, kind = found.group(0), found.lastgroup
        if kind == "directive":
            return re.sub(r"//[^\n]*", "", text)
        return {"comment": " ", "char": "' '"}.get(kind, '""') + "\n" * text.count("\n")

    return _TOKEN.sub(blank, text)


def without_directives(code):
    """Preprocessor lines hold no definitions of ours."""
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda found: "\n" * found.group(0).count("\n"), code, flags=re.M)


def _is_container(head):
    """Whether what stands before a brace opens a namespace or a type, rather than a function or a value."""
    head = _MACRO_LINE.sub("", head)
    head = re.sub(r"\b(?:alignas|decltype|requires)\s*\([^()]*\)|\[\[[^\]]*\]\]", " ", head)
    while re.search(r"<[^<>()]*>", head):
        head = re.sub(r"<[^<>()]*>", " ", head)
    return bool(_CONTAINER.search(head)) and "(" not in head and "=" not in head


def blocks(text):
    """(first line, lines between its braces) of each function and each braced value outside of functions."""
    code = without_directives(code_of(text))
    opened, head, start, depth = [], 0, 0, 0  # depth: braces within the block that is measured
    for found in re.finditer(r"[{};]", code):
        sign, at = found.group(0), found.start()
        if depth == 0 and sign == "{" and _is_container(code[head:at]):
            opened.append(at)
        elif sign == "{":
            if depth == 0:
                start = at
            depth += 1
        elif sign == "}" and depth > 0:
            depth -= 1
            if depth == 0:
                first = code.count("\n", 0, start) + 1
                yield first, max(code.count("\n", start, at) - 1, 0)
        elif sign == "}" and opened:
            opened.pop()
        if depth == 0:
            head = at + 1

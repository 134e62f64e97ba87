// Untrusted text, made harmless for a person's terminal.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidings::operate {

bool is_utf8(std::string_view text);

// One line that no terminal obeys: control characters, marks that reverse the reading direction and bytes that are not
// UTF-8 become escapes (`\n`, `\x1b`, `\u{202e}`). A backslash stays as it is.
std::string printable(std::string_view text);

// The same for several lines: line ends and tabs stay.
std::string printable_lines(std::string_view text);

// JSON text in which no terminal finds anything to obey either: what stands raw inside its strings and is allowed there
// (U+007F to U+009F, direction marks) becomes `\u` escapes. `json` is valid JSON, and so is the result.
std::string harmless_json(std::string json);

// Columns that printable text takes on a terminal.
std::size_t width_of(std::string_view text);

// `text` if it fits, else as much of its beginning as fits with `…` behind it. `columns` >= 1.
std::string shortened(std::string_view text, std::size_t columns);

// 1234567 -> `1.2 MiB`
std::string bytes_text(std::uint64_t bytes);

// `name` ready to be pasted into a shell: in single quotes unless it needs none.
std::string shell_quoted(std::string_view text);

}  // namespace tidings::operate

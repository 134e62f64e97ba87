#include "operate/rows.hpp"

#include <algorithm>

#include "operate/display.hpp"
#include "tidings/json.hpp"

namespace tidings::operate {

namespace {

struct Fault {
  std::string error;
  ErrorKind kind = ErrorKind::corrupt;
};
BOOST_DESCRIBE_STRUCT(Fault, (), (error, kind))

// Copies one string with its quotes; returns what follows it.
std::string_view take_string(std::string_view json, std::string& to) {
  std::size_t end = 1;
  while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  end = std::min(end + 1, json.size());
  to += json.substr(0, end);
  return json.substr(end);
}

void break_line(std::string& to, std::size_t level) {
  to += '\n';
  to.append(2 * level, ' ');
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

std::string_view without_leading_space(std::string_view json) {
  while (!json.empty() && is_space(json.front())) json.remove_prefix(1);
  return json;
}

}  // namespace

ForeignText foreign_text(std::optional<std::string_view> bytes) {
  if (!bytes) return {};
  if (is_utf8(*bytes)) return {.text = std::string{*bytes}};
  return {.base64 = Bytes{std::string{*bytes}}};
}

std::vector<HeaderRow> header_rows(const std::vector<transport::Header>& headers) {
  std::vector<HeaderRow> rows;
  for (const transport::Header& header : headers) {
    const ForeignText value = foreign_text(header.value);
    rows.push_back({.name = foreign_name(header.name), .value = value.text, .value_base64 = value.base64});
  }
  return rows;
}

std::string foreign_name(std::string_view bytes) {
  return is_utf8(bytes) ? std::string{bytes} : printable(bytes);
}

std::string json_line(const Type& type, const void* row) {
  std::string text;
  if (const auto written = append_json(text, Profile::kafka, type, row); !written) {
    const Fault fault{.error = printable(written.error().message), .kind = written.error().kind};
    if (!append_json(text, Profile::kafka, describe<Fault>(), &fault)) text = R"({"error":"not writable as JSON"})";
  }
  return one_line_json(std::move(text));
}

std::string with_members(std::string object, std::string_view members) {
  object.pop_back();
  if (object != "{" && !members.empty()) object += ',';
  return object.append(members).append("}");
}

std::string one_line_json(std::string json) {
  // A string of valid JSON holds no raw line end, so these stand between values.
  std::replace_if(
      json.begin(), json.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return harmless_json(std::move(json));
}

std::string pretty_json(std::string_view json) {
  std::string text;
  std::size_t level = 0;
  for (json = without_leading_space(json); !json.empty(); json = without_leading_space(json)) {
    const char c = json.front();
    if (c == '"') {
      json = take_string(json, text);
      continue;
    }
    json.remove_prefix(1);
    if (c == '{' || c == '[') {
      text += c;
      json = without_leading_space(json);
      const bool empty = !json.empty() && (json.front() == '}' || json.front() == ']');
      if (!empty) {
        break_line(text, ++level);
        continue;
      }
      text += json.front();
      json.remove_prefix(1);
    } else if (c == '}' || c == ']') {
      level -= level > 0 ? 1 : 0;
      break_line(text, level);
      text += c;
    } else if (c == ',') {
      text += c;
      break_line(text, level);
    } else {
      text += c;
      if (c == ':') text += ' ';
    }
  }
  return text;
}

}  // namespace tidings::operate

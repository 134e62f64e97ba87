// The shapes of `--json`: what is described here is written with camelCase names.
//
// Adding a member is compatible; renaming or removing one breaks scripts that read it.
#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/describe.hpp"
#include "tidings/raw_json.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/operator.hpp"

namespace tidings {
BOOST_DESCRIBE_ENUM(ErrorKind, invalid, unavailable, overloaded, conflict, corrupt, unsupported)
}

namespace tidings::transport {
BOOST_DESCRIBE_ENUM(Unsettled, keep, expire)
BOOST_DESCRIBE_STRUCT(Retention, (), (age, bytes, unsettled))
BOOST_DESCRIBE_STRUCT(TopicState, (), (name, command, partitions, records, bytes, oldest, retention))
BOOST_DESCRIBE_STRUCT(MemberState, (), (instance, host, pid, partitions, stopped))
BOOST_DESCRIBE_STRUCT(GroupState, (), (name, topic, pattern, topics, members))
BOOST_DESCRIBE_STRUCT(RepartitionHold, (), (group, unsettled, instances))
}  // namespace tidings::transport

namespace tidings::operate {

// Bytes of somebody else: as text where they are UTF-8, else in base64. At most one is set.
struct ForeignText {
  std::optional<std::string> text;
  std::optional<Bytes> base64;
};
ForeignText foreign_text(std::optional<std::string_view> bytes);

struct HeaderRow {
  std::string name;
  std::optional<std::string> value;
  std::optional<Bytes> value_base64;
};
BOOST_DESCRIBE_STRUCT(HeaderRow, (), (name, value, value_base64))
std::vector<HeaderRow> header_rows(const std::vector<transport::Header>& headers);

// Somebody else's name for something, fit for JSON: as it is where it is UTF-8, else with its bytes escaped.
std::string foreign_name(std::string_view bytes);

// One JSON document on one line, which no terminal obeys. A value that cannot be written (a name that is not UTF-8)
// makes a document with `error` and `kind`.
std::string json_line(const Type& type, const void* row);

template <class Row>
std::string json_line(const Row& row) {
  return json_line(describe<Row>(), &row);
}

// `{"a":1}` and `"b":2` make `{"a":1,"b":2}`.
std::string with_members(std::string object, std::string_view members);

// Valid JSON on one line, harmless for a terminal.
std::string one_line_json(std::string json);

// Valid JSON, two spaces a level; empty objects and arrays stay closed.
std::string pretty_json(std::string_view json);

}  // namespace tidings::operate

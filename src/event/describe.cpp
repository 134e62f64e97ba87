#include "tidings/describe.hpp"

#include <stdexcept>

namespace tidings {

namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

bool share_a_name(const Member& left, const Member& right) {
  for (const std::string& name : left.names) {
    if (name == right.names[0] || name == right.names[1]) return true;
  }
  return false;
}

}  // namespace

std::string camel_case(std::string_view name) {
  std::string camel;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool joins = name[i] == '_' && !camel.empty() && i + 1 < name.size();
    if (joins) ++i;
    camel += joins ? upper(name[i]) : name[i];
  }
  return camel;
}

std::string snake_case(std::string_view name) {
  std::string snake;
  for (const char c : name) {
    if (is_upper(c) && !snake.empty() && snake.back() != '_') snake += '_';
    snake += lower(c);
  }
  return snake;
}

const Member* find_member(const Object& object, std::string_view name) {
  for (const Member& member : object.members) {
    if (member.names[0] == name || member.names[1] == name) return &member;
  }
  return nullptr;
}

namespace detail {

void name_members(std::string_view struct_name, Object& object) {
  const std::string where = "struct " + std::string{struct_name};
  if (object.members.size() > Object::kMembersMax) throw std::logic_error{where + ": more than 256 described members"};
  for (std::size_t i = 0; i < object.members.size(); ++i) {
    Member& member = object.members[i];
    const std::string given{member.info.name};
    member.names =
        given.empty() ? std::array{camel_case(member.cpp_name), snake_case(member.cpp_name)} : std::array{given, given};
    for (std::size_t k = 0; k < i; ++k) {
      if (!share_a_name(object.members[k], member)) continue;
      throw std::logic_error{where + ": two members have the wire name `" + member.names[0] +
                             "`; set field_info<...>.name of one of them"};
    }
  }
}

}  // namespace detail

}  // namespace tidings

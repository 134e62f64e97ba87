#include <algorithm>

#include "tidings/codec.hpp"

namespace tidings {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// `Application/JSON; charset=utf-8` names `application/json`.
bool names(std::string_view content_type, std::string_view codec) {
  if (content_type == codec) return true;
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return std::equal(content_type.begin(), content_type.end(), codec.begin(), codec.end(),
                    [](char left, char right) { return lower(left) == lower(right); });
}

}  // namespace

Codecs::Codecs(const CodecLimits& limits) {
  codecs_.push_back(json_codec(limits));
}

void Codecs::add(std::unique_ptr<const Codec> codec) {
  codecs_.push_back(std::move(codec));
}

const Codec* Codecs::find(std::string_view content_type) const {
  if (content_type.empty()) return &standard();
  for (const auto& codec : codecs_) {
    if (names(content_type, codec->content_type())) return codec.get();
  }
  return nullptr;
}

}  // namespace tidings

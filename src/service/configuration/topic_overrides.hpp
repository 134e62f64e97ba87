// What a configuration file may say about the topics that a service publishes to.
//
//   [topic."orders"]
//   retention_age = "7d"
//   retention_size = "1GB"
//   retention_unsettled = "keep"     or "expire"
//
// `default`: nothing is said, whatever the program says; the topic keeps what it has, or the transport's default.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "service/configuration/settings.hpp"
#include "tidings/contract.hpp"

namespace tidings::service {

// A value that is declared, as --print-config shows it.
struct TopicSetting {
  std::string topic;
  std::string key;
  std::string value;
  Origin origin;
};

// Changes the declarations by the `topic` entries of the file. Adds a line to `faults` for each topic that is not
// published, each unknown key and each bad value.
void apply_topic_overrides(const std::vector<FileEntry>& file, const std::vector<const EventType*>& published,
                           std::vector<DeclaredTopic>& topics, std::vector<std::string>& faults);

// For each topic that is published, in the order of declaration. `topics`: as the program declares them.
std::vector<TopicSetting> topic_settings(const std::vector<FileEntry>& file,
                                         const std::vector<const EventType*>& published,
                                         const std::vector<DeclaredTopic>& topics);

}  // namespace tidings::service

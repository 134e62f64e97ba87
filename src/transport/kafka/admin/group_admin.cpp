#include "transport/kafka/admin/group_admin.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "transport/kafka/format/consumer_protocol.hpp"

namespace tidings::kafka {

namespace {

using DeleteGroupHandle = Owned<rd_kafka_DeleteGroup_t, rd_kafka_DeleteGroup_destroy>;
using ListOffsetsHandle = Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;

constexpr Duration kStableWithin = std::chrono::seconds{2};
constexpr Duration kStablePause = std::chrono::milliseconds{20};

bool is_missing(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND;
}

LiveMember member_of(const rd_kafka_MemberDescription_t& described) {
  LiveMember member{.client_id = rd_kafka_MemberDescription_client_id(&described), .static_id = {}, .partitions = {}};
  const char* static_id = rd_kafka_MemberDescription_group_instance_id(&described);
  if (static_id != nullptr) member.static_id = static_id;
  const auto* assignment = rd_kafka_MemberDescription_assignment(&described);
  const auto* list = assignment != nullptr ? rd_kafka_MemberAssignment_partitions(assignment) : nullptr;
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    member.partitions.push_back({list->elems[i].topic, list->elems[i].partition, 0});
  }
  return member;
}

std::optional<LiveMember> member_of(const rd_kafka_group_member_info& listed) {
  LiveMember member{
      .client_id = listed.client_id, .static_id = static_id_of(listed.member_id, listed.client_id), .partitions = {}};
  const auto assigned = read_assignment(
      {static_cast<const char*>(listed.member_assignment), static_cast<std::size_t>(listed.member_assignment_size)});
  if (!assigned) return std::nullopt;
  for (const auto& [topic, partitions] : *assigned) {
    for (const std::int32_t partition : partitions) member.partitions.push_back({topic, partition, 0});
  }
  return member;
}

}  // namespace

Result<LiveGroup> live_group(const Cluster& cluster, const std::string& group) {
  const std::string doing = fmt::format("look at group '{}'", group);
  const auto answer =
      cluster.request(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, doing, [&](auto* client, auto* options, auto* queue) {
        const char* name = group.c_str();
        rd_kafka_DescribeConsumerGroups(client, &name, 1, options, queue);
      });
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(answer->get()), &count);
  LiveGroup live;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* error = rd_kafka_ConsumerGroupDescription_error(groups[i]);
    if (error != nullptr && is_missing(rd_kafka_error_code(error))) continue;  // Kafka 4: a group that is not there
    if (error != nullptr) return to_error(*error, doing);
    for (std::size_t m = 0; m < rd_kafka_ConsumerGroupDescription_member_count(groups[i]); ++m) {
      live.members.push_back(member_of(*rd_kafka_ConsumerGroupDescription_member(groups[i], m)));
    }
    live.is_stable = rd_kafka_ConsumerGroupDescription_state(groups[i]) == RD_KAFKA_CONSUMER_GROUP_STATE_STABLE;
  }
  return live;
}

Result<LiveGroup> look_at_group(const Cluster& cluster, const std::string& group, Time deadline) {
  const auto list = cluster.list_group(group, deadline);
  if (!list) return list.error();
  LiveGroup live;
  for (const auto& found : std::span{(*list)->groups, static_cast<std::size_t>((*list)->group_cnt)}) {
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(found.err, fmt::format("look at group '{}'", group));
    for (const auto& member : std::span{found.members, static_cast<std::size_t>(found.member_cnt)}) {
      auto one = member_of(member);
      if (!one) return corrupt(fmt::format("group '{}' has an assignment that no consumer made", group));
      live.members.push_back(*std::move(one));
    }
    live.is_stable = std::string_view{found.state} == "Stable";
  }
  return live;
}

namespace {

enum class Stable { no, yes };

// Nothing: a transaction is about to change some of them.
Result<std::optional<std::vector<GroupCommit>>> ask_commits(const Cluster& cluster, const std::string& group,
                                                            Stable stable) {
  const std::string doing = fmt::format("ask for the commits of group '{}'", group);
  const ListOffsetsHandle asked{rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr)};
  const auto answer =
      cluster.request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, doing, [&](auto* client, auto* options, auto* queue) {
        const ErrorHandle error{rd_kafka_AdminOptions_set_require_stable_offsets(options, stable == Stable::yes)};
        rd_kafka_ListConsumerGroupOffsets_t* one = asked.get();
        rd_kafka_ListConsumerGroupOffsets(client, &one, 1, options, queue);
      });
  if (!answer) return answer.error();
  std::vector<GroupCommit> found;
  std::size_t count = 0;
  const auto* results = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(answer->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* error = rd_kafka_group_result_error(results[i]);
    const auto code = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error);
    if (code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT) return std::optional<std::vector<GroupCommit>>{};
    if (error != nullptr && is_missing(code)) continue;
    if (error != nullptr) return to_error(*error, doing);
    const auto* list = rd_kafka_group_result_partitions(results[i]);
    for (int p = 0; list != nullptr && p < list->cnt; ++p) {
      const auto& one = list->elems[p];
      if (one.err == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT) return std::optional<std::vector<GroupCommit>>{};
      if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR || one.offset < 0) continue;
      found.push_back({{one.topic, one.partition, one.offset},
                       std::string{static_cast<const char*>(one.metadata), one.metadata_size}});
    }
  }
  return std::optional{std::move(found)};
}

}  // namespace

// A transaction's end is answered before the group's commits show it. One that stays open holds nobody up for long.
Result<std::vector<GroupCommit>> commits_of(const Cluster& cluster, const std::string& group) {
  Executor& executor = cluster.executor();
  const Time until = executor.now() + kStableWithin;
  while (true) {
    const bool late = executor.now() >= until;
    auto found = ask_commits(cluster, group, late ? Stable::no : Stable::yes);
    if (!found) return found.error();
    if (*found || late) return std::move(*found).value_or(std::vector<GroupCommit>{});
    executor.sleep_until(executor.now() + kStablePause);
  }
}

Result<std::vector<std::string>> group_names(const Cluster& cluster) {
  const auto answer = cluster.request(
      RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, "list groups",
      [](auto* client, auto* options, auto* queue) { rd_kafka_ListConsumerGroups(client, options, queue); });
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* result = rd_kafka_event_ListConsumerGroups_result(answer->get());
  const auto* errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
  if (count > 0) return to_error(*errors[0], "list groups");
  const auto* groups = rd_kafka_ListConsumerGroups_result_valid(result, &count);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.emplace_back(rd_kafka_ConsumerGroupListing_group_id(groups[i]));
  return names;
}

Result<void> delete_group(const Cluster& cluster, const std::string& group) {
  const std::string doing = fmt::format("delete group '{}'", group);
  const DeleteGroupHandle asked{rd_kafka_DeleteGroup_new(group.c_str())};
  const auto answer =
      cluster.request(RD_KAFKA_ADMIN_OP_DELETEGROUPS, doing, [&](auto* client, auto* options, auto* queue) {
        rd_kafka_DeleteGroup_t* one = asked.get();
        rd_kafka_DeleteGroups(client, &one, 1, options, queue);
      });
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(answer->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* error = rd_kafka_group_result_error(results[i]);
    if (error != nullptr && !is_missing(rd_kafka_error_code(error))) return to_error(*error, doing);
  }
  return {};
}

}  // namespace tidings::kafka

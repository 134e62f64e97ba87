#include "operate/dead.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "operate/topology.hpp"
#include "tidings/json.hpp"

namespace tidings::operate {

namespace {

using transport::DeadFilter;
using transport::DeadLetter;
using transport::DeadLetters;
using transport::Transport;

constexpr std::size_t kPage = 200;
constexpr Duration kStopSeenWithin = std::chrono::milliseconds{200};
constexpr std::size_t kMissingShown = 1'000;

DeadRow row_of(const DeadLetter& letter) {
  const ForeignText key = foreign_text(letter.record.key);
  return {.id = foreign_name(letter.id),
          .buried = letter.buried,
          .group = foreign_name(letter.group),
          .subscription = foreign_name(letter.subscription),
          .reason = foreign_name(letter.reason),
          .error = foreign_name(letter.error),
          .attempts = letter.attempts,
          .crashes = letter.crashes,
          .replays = letter.replays,
          .first_failed = letter.first_failed,
          .host = foreign_name(letter.host),
          .pid = letter.pid,
          .topic = foreign_name(letter.record.topic),
          .partition = letter.position.partition,
          .position = letter.position.offset,
          .event_id = foreign_name(letter.record.id),
          .event_type = foreign_name(letter.record.type),
          .correlation_id = foreign_name(letter.record.correlation_id),
          .key = key.text,
          .key_base64 = key.base64};
}

DeadDetail detail_of(const DeadLetter& letter) {
  DeadDetail detail{row_of(letter)};
  detail.content_type = foreign_name(letter.record.content_type);
  detail.time = letter.record.time;
  detail.headers = header_rows(letter.record.headers);
  if (!letter.record.body) return detail;
  detail.body_bytes = letter.record.body->size();
  if (auto json = from_json<RawJson>(*letter.record.body); json && !json->text.empty()) {
    detail.body = *std::move(json);
  } else {
    ForeignText body = foreign_text(letter.record.body);
    detail.body_text = std::move(body.text);
    detail.body_base64 = std::move(body.base64);
  }
  return detail;
}

using Ids = std::span<const std::string>;

// Visits the ids that the filter takes, a page at a time; until `visit` returns false.
Result<void> each_page(DeadLetters& letters, const DeadFilter& filter, const std::function<Result<bool>(Ids)>& visit) {
  std::string after;
  while (true) {
    const auto page = letters.browse(filter, after, kPage);
    if (!page) return page.error();
    if (page->empty()) return {};
    std::vector<std::string> ids;
    for (const DeadLetter& letter : *page) ids.push_back(letter.id);
    const auto more = visit(ids);
    if (!more) return more.error();
    if (!*more) return {};
    after = std::move(ids.back());
  }
}

// What the filter takes now: how many, and up to which id.
struct Frozen {
  std::uint64_t count = 0;
  std::string last;
};

Result<Frozen> freeze(DeadLetters& letters, const DeadFilter& filter) {
  Frozen frozen;
  const auto done = each_page(letters, filter, [&](Ids ids) -> Result<bool> {
    frozen.count += ids.size();
    frozen.last = ids.back();
    return true;
  });
  if (!done) return done.error();
  return frozen;
}

std::string_view verb_of(DeadAction action) {
  return action == DeadAction::replay ? "replayed" : "discarded";
}

class Action final {
 public:
  Action(DeadLetters& letters, Executor& executor, const DeadRequest& request, const DeadPorts& ports)
      : letters_{letters}, executor_{executor}, request_{request}, ports_{ports}, started_{executor.now()} {}

  Result<DeadReport> run() {
    const DeadSelection& selection = request_.selection;
    const auto done = selection.ids.empty() ? run_filter(selection.filter) : run_ids(selection.ids);
    if (!done) {
      return Error{done.error().kind, fmt::format("{} (after {} of {} were {})", done.error().message, report_.done,
                                                  report_.selected, verb_of(request_.action))};
    }
    return report_;
  }

 private:
  Result<void> run_filter(const DeadFilter& filter) {
    const auto frozen = freeze(letters_, filter);
    if (!frozen) return frozen.error();
    report_.selected = frozen->count;
    if (frozen->count == 0) return {};
    return each_page(letters_, filter, [&](Ids ids) -> Result<bool> {
      const auto end = std::ranges::upper_bound(ids, frozen->last);
      if (auto acted = act({ids.begin(), end}); !acted) return acted.error();
      return end == ids.end() && !ports_.stop();
    });
  }

  Result<void> run_ids(const std::vector<std::string>& ids) {
    report_.selected = ids.size();
    return act(ids);
  }

  // All at once, or one by one where there is a pace to keep; until a stop is asked for.
  Result<void> act(Ids ids) {
    const std::size_t at_once = request_.per_second > 0 ? 1 : kPage;
    while (!ids.empty() && !ports_.stop()) {
      if (!keep_pace()) break;
      const Ids now = ids.first(std::min(ids.size(), at_once));
      ids = ids.subspan(now.size());
      const auto answers = request_.action == DeadAction::replay ? letters_.replay(now) : letters_.discard(now);
      if (auto counted = count(now, answers); !counted) return counted;
      ports_.on_progress(report_);
    }
    return {};
  }

  // The first error, after all that was done is counted.
  Result<void> count(Ids ids, const std::vector<Result<bool>>& answers) {
    Result<void> first_error;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!answers[i]) {
        if (first_error) first_error = answers[i].error();
        continue;
      }
      (*answers[i] ? report_.done : report_.gone) += 1;
      const bool was_named = !request_.selection.ids.empty();
      if (!*answers[i] && was_named && report_.missing_ids.size() < kMissingShown)
        report_.missing_ids.push_back(ids[i]);
    }
    return first_error;
  }

  // The n-th one comes no earlier than n / per_second after the first.
  // False: a stop was asked for.
  bool keep_pace() {
    if (request_.per_second <= 0) return true;
    const double seconds = static_cast<double>(report_.done) / request_.per_second;
    const Time due = started_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
    while (executor_.now() < due && !ports_.stop()) {
      executor_.sleep_until(std::min(due, executor_.now() + kStopSeenWithin));
    }
    return !ports_.stop();
  }

  DeadLetters& letters_;
  Executor& executor_;
  const DeadRequest& request_;
  const DeadPorts& ports_;
  Time started_;
  DeadReport report_;
};

}  // namespace

Result<DeadPage> list_dead(Transport& transport, const DeadListRequest& request) {
  if (request.limit < 1 || request.limit > kDeadListMax) {
    return invalid(fmt::format("a list holds 1 to {} dead letters, not {}; page through more with --after",
                               kDeadListMax, request.limit));
  }
  const auto letters = dead_letters_of(transport);
  if (!letters) return letters.error();
  // Some at a time, for each comes with its body.
  DeadPage page;
  std::vector<DeadRow>& rows = page.dead_letters;
  std::string after = request.after;
  while (true) {
    const auto found = (*letters)->browse(request.filter, after, std::min(kPage, request.limit + 1 - rows.size()));
    if (!found) return found.error();
    for (const DeadLetter& letter : *found) {
      if (rows.size() == request.limit) {
        page.next = rows.back().id;
        return page;
      }
      rows.push_back(row_of(letter));
      after = letter.id;
    }
    if (found->empty()) return page;
  }
}

Result<DeadDetail> show_dead(Transport& transport, const std::string& id) {
  const auto letters = dead_letters_of(transport);
  if (!letters) return letters.error();
  const auto letter = (*letters)->show(id);
  if (!letter) return letter.error();
  if (!*letter) {
    return invalid(
        fmt::format("there is no dead letter '{}' (any more); `tidings dead list` shows those that there are", id));
  }
  return detail_of(**letter);
}

Result<std::uint64_t> count_dead(Transport& transport, const DeadSelection& selection) {
  if (!selection.ids.empty()) return selection.ids.size();
  const auto letters = dead_letters_of(transport);
  if (!letters) return letters.error();
  const auto frozen = freeze(**letters, selection.filter);
  if (!frozen) return frozen.error();
  return frozen->count;
}

Result<DeadReport> act_on_dead(Transport& transport, Executor& executor, const DeadRequest& request,
                               const DeadPorts& ports) {
  const auto letters = dead_letters_of(transport);
  if (!letters) return letters.error();
  return Action{**letters, executor, request, ports}.run();
}

}  // namespace tidings::operate

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "operate/dead.hpp"
#include "tools/tidings/arguments.hpp"
#include "tools/tidings/commands.hpp"
#include "tools/tidings/dead_text.hpp"
#include "tools/tidings/progress.hpp"

namespace tidings::cli {

namespace {

using operate::DeadAction;
using operate::DeadReport;

struct ListArguments {
  DeadFilterArguments filter;
  std::string after;
  std::size_t limit = operate::DeadListRequest{}.limit;
};

struct ActArguments {
  std::vector<std::string> ids;
  DeadFilterArguments filter;
  bool all = false;
  bool dry_run = false;
  double rate = 0;
};

// The words that differ between the two actions.
struct Words {
  DeadAction action;
  const char* name;
  const char* present;
  const char* past;
};
constexpr Words kReplay{DeadAction::replay, "replay", "replaying", "replayed"};
constexpr Words kDiscard{DeadAction::discard, "discard", "discarding", "discarded"};

// --json of replay and discard.
struct ActRow {
  std::string action;
  bool dry_run = false;
  std::uint64_t selected = 0;
  std::uint64_t done = 0;
  std::uint64_t gone = 0;
  std::vector<std::string> missing_ids;
};
BOOST_DESCRIBE_STRUCT(ActRow, (), (action, dry_run, selected, done, gone, missing_ids))

int list(const ListArguments& arguments, Session& session) {
  auto filter = filter_of(arguments.filter, session.now());
  if (!filter) return session.usage(filter.error());
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto page = operate::list_dead(
      *transport, {.filter = *std::move(filter), .after = arguments.after, .limit = arguments.limit});
  if (!page) return session.fail(page.error());
  if (session.json()) {
    session.print_json(*page);
    return kDone;
  }
  session.print(dead_table(*page, session.now()));
  if (page->next) session.line(fmt::format("there are more: --after {}, or --limit", *page->next));
  return kDone;
}

int show(const std::string& id, Session& session) {
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const auto letter = operate::show_dead(*transport, id);
  if (!letter) return session.fail(letter.error());
  if (session.json()) {
    session.print_json(*letter);
  } else {
    session.print(dead_text(*letter, session.now(), session.choose_url().value_or(ChosenUrl{})));
  }
  return kDone;
}

Result<void> check(const ActArguments& arguments, const Words& words) {
  if (!arguments.ids.empty() && (!arguments.filter.empty() || arguments.all)) {
    return invalid(
        fmt::format("name dead letters by id, or choose them by filters, not both: nothing was {}", words.past));
  }
  if (arguments.ids.empty() && arguments.filter.empty() && !arguments.all) {
    return invalid(
        fmt::format("which dead letters? Name ids, or choose by --group, --topic, --type, --reason, --since, "
                    "or {} them --all",
                    words.name));
  }
  if (!(arguments.rate >= 0) || std::isinf(arguments.rate)) return invalid("--rate is events a second, above 0");
  return {};
}

void print_dry_run(std::uint64_t count, const Words& words, Session& session) {
  if (session.json()) session.print_json(ActRow{.action = words.name, .dry_run = true, .selected = count});
  session.note(
      fmt::format("{} dead letter{} would be {}; nothing was changed", count, count == 1 ? "" : "s", words.past));
}

int print_outcome(const DeadReport& report, const Words& words, Session& session) {
  if (session.json()) {
    session.print_json(ActRow{.action = words.name,
                              .selected = report.selected,
                              .done = report.done,
                              .gone = report.gone,
                              .missing_ids = report.missing_ids});
  }
  session.note(fmt::format("{} of {} dead letter{} {}", report.done, report.selected, report.selected == 1 ? "" : "s",
                           words.past));
  if (report.gone > 0 && report.missing_ids.empty()) {
    session.note(fmt::format("{} were gone when it was their turn: somebody else took them", report.gone));
  }
  if (!report.missing_ids.empty()) {
    return session.fail(
        invalid(fmt::format("there is no dead letter of this id (any more): {}", fmt::join(report.missing_ids, ", "))));
  }
  if (report.done + report.gone < report.selected) {
    return session.fail(Error{ErrorKind::conflict, "stopped before the end; the same command takes up the rest"});
  }
  return kDone;
}

int act(const ActArguments& arguments, const Words& words, Session& session) {
  if (const auto checked = check(arguments, words); !checked) return session.usage(checked.error());
  auto filter = filter_of(arguments.filter, session.now());
  if (!filter) return session.usage(filter.error());
  int code = kDone;
  const auto transport = session.open(Store::existing, code);
  if (!transport) return code;
  const operate::DeadRequest request{.action = words.action,
                                     .selection = {.ids = arguments.ids, .filter = *std::move(filter)},
                                     .per_second = arguments.rate};
  if (arguments.dry_run) {
    const auto count = operate::count_dead(*transport, request.selection);
    if (!count) return session.fail(count.error());
    print_dry_run(*count, words, session);
    return kDone;
  }
  Progress progress{session};
  const auto on_progress = [&](const DeadReport& report) {
    progress.show([&] { return fmt::format("{} {} of {}", words.present, report.done, report.selected); });
  };
  const auto report = operate::act_on_dead(*transport, *session.around().executor, request,
                                           {.on_progress = on_progress, .stop = session.around().stop});
  progress.clear();
  return report ? print_outcome(*report, words, session) : session.fail(report.error());
}

void add_filter(CLI::App& app, DeadFilterArguments& filter) {
  app.add_option("--group", filter.group, "Only of this group")->option_text("G");
  app.add_option("--topic", filter.topic, "Only of this topic")->option_text("T");
  app.add_option("--type", filter.type, "Only of this event type")->option_text("T");
  app.add_option("--reason", filter.reason, "Only for this reason, as failed or undecodable")->option_text("R");
  app.add_option("--since", filter.since, "Only buried since 2026-01-02T03:04:05Z, or -10m")->option_text("TIME");
}

void add_list(CLI::App& dead, Command& command) {
  auto* app = dead.add_subcommand("list", "The dead letters, oldest first");
  const auto arguments = std::make_shared<ListArguments>();
  add_filter(*app, arguments->filter);
  app->add_option("--limit", arguments->limit, fmt::format("At most so many; default {}", arguments->limit))
      ->check(count_up_to(operate::kDeadListMax))
      ->option_text("N");
  app->add_option("--after", arguments->after, "Only after this dead letter: the next page")->option_text("ID");
  app->footer("Example: tidings dead list --group payment-service --since -1h");
  app->callback(
      [arguments, &command] { command = [arguments](Session& session) { return list(*arguments, session); }; });
}

void add_show(CLI::App& dead, Command& command) {
  auto* app = dead.add_subcommand("show", "All of one dead letter");
  const auto id = std::make_shared<std::string>();
  app->add_option("ID", *id, "As `dead list` shows it")->required()->option_text(" ");
  app->footer(
      "--json: of `body`, `bodyText` and `bodyBase64` one is there: a JSON value, other\n"
      "text, other bytes.\n"
      "\n"
      "Example: tidings dead show d000000000001");
  app->callback([id, &command] { command = [id](Session& session) { return show(*id, session); }; });
}

void add_act(CLI::App& dead, Command& command, const Words& words, const char* description, const char* footer) {
  auto* app = dead.add_subcommand(words.name, description);
  const auto arguments = std::make_shared<ActArguments>();
  app->add_option("ID", arguments->ids, "These; or choose by the filters below")->option_text("...");
  add_filter(*app, arguments->filter);
  app->add_flag("--all", arguments->all, "All: needed where there is no id and no filter");
  app->add_flag("--dry-run", arguments->dry_run, "Only count; change nothing");
  app->add_option("--rate", arguments->rate, "At most so many a second")->option_text("N");
  app->footer(footer);
  app->callback([arguments, &words, &command] {
    command = [arguments, &words](Session& session) { return act(*arguments, words, session); };
  });
}

}  // namespace

void add_dead(CLI::App& app, Command& command) {
  auto* dead = app.add_subcommand("dead", "Dead letters: list, show, replay, discard");
  dead->require_subcommand(1);
  dead->footer("Example: tidings dead list");
  add_list(*dead, command);
  add_show(*dead, command);
  add_act(*dead, command, kReplay, "Hand them to their subscription again",
          "No other subscription sees them. Their attempts start anew; one that fails\n"
          "again becomes a new dead letter.\n"
          "\n"
          "Example: tidings dead replay --group payment-service --since -1h --rate 50");
  add_act(*dead, command, kDiscard, "Remove them; there is no way back",
          "Example: tidings dead discard --reason undecodable --dry-run");
}

}  // namespace tidings::cli

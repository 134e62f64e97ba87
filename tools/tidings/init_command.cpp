#include <fmt/format.h>

#include <boost/describe.hpp>
#include <memory>

#include "operate/display.hpp"
#include "tools/tidings/commands.hpp"
#include "tools/tidings/new_project.hpp"

namespace tidings::cli {

BOOST_DESCRIBE_STRUCT(NewProject, (), (directory, files))

namespace {

std::string text_of(const NewProject& project) {
  std::string text = fmt::format("{} has a small service, and its test:\n", operate::printable(project.directory));
  for (const std::string& file : project.files) text += fmt::format("  {}\n", file);
  return text + fmt::format(
                    "\n"
                    "  cd {} && cmake -B build && cmake --build build && ctest --test-dir build",
                    operate::shell_quoted(project.directory));
}

int init(const std::string& directory, Session& session) {
  const auto project = make_project(directory);
  if (!project && project.error().kind == ErrorKind::invalid) return session.usage(project.error());
  if (!project) {
    (void)session.fail(project.error());
    return kFailed;  // no transport is away
  }
  if (session.json()) session.print_json(*project);
  session.note(text_of(*project));
  return kDone;
}

}  // namespace

void add_init(CLI::App& app, Command& command) {
  auto* init_app = app.add_subcommand("init", "Write a small service project, to begin with");
  const auto directory = std::make_shared<std::string>();
  init_app->add_option("NAME", *directory, "The service's; its folder, which is new or empty")
      ->required()
      ->option_text(" ");
  init_app->footer(
      "The project has a service, a test of it that needs no server, and what builds\n"
      "both with CMake against the installed library. NAME may stand behind a path.\n"
      "\n"
      "Example: tidings init services/order-watcher");
  init_app->callback(
      [directory, &command] { command = [directory](Session& session) { return init(*directory, session); }; });
}

}  // namespace tidings::cli

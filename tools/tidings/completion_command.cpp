#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "tools/tidings/commands.hpp"
#include "tools/tidings/completion.hpp"

namespace tidings::cli {

namespace {

void add_options(const CLI::App& app, CompletedCommand& command, Completions& all) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      command.options.push_back({"--" + name, option->get_description()});
      if (option->get_items_expected_max() == 0) continue;
      if (std::ranges::find(all.value_options, "--" + name) == all.value_options.end()) {
        all.value_options.push_back("--" + name);
      }
    }
  }
}

// `root`: its options may stand behind any command.
void add_commands(const CLI::App& app, const CLI::App& root, const std::string& path, Completions& all) {
  CompletedCommand command{.path = path, .commands = {}, .options = {}};
  const auto inner = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* next : inner) command.commands.push_back({next->get_name(), next->get_description()});
  add_options(app, command, all);
  if (&app != &root) {
    CompletedCommand above;
    add_options(root, above, all);
    std::ranges::remove_copy_if(above.options, std::back_inserter(command.options),
                                [](const Completed& option) { return option.name == "--help"; });
  }
  all.commands.push_back(std::move(command));
  for (const CLI::App* next : inner) add_commands(*next, root, path + "/" + next->get_name(), all);
}

}  // namespace

void add_completion(CLI::App& app, Command& command) {
  auto* completion_app = app.add_subcommand("completion", "Print what completes commands in a shell");
  const auto name = std::make_shared<std::string>();
  completion_app->add_option("SHELL", *name, "bash, zsh or fish")
      ->required()
      ->option_text(" ")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion_app->footer(
      "Debian's package tidings-tools has them where shells look for them. Else:\n"
      "  bash  source <(tidings completion bash)       in ~/.bashrc\n"
      "  zsh   source <(tidings completion zsh)        in ~/.zshrc, after compinit\n"
      "  fish  tidings completion fish | source        in ~/.config/fish/config.fish\n"
      "\n"
      "Example: tidings completion bash > /etc/bash_completion.d/tidings");
  completion_app->callback([name, &app, &command] {
    command = [name, &app](Session& session) {
      Completions all;
      add_commands(app, app, "", all);
      session.print(completion_script(all, *shell_named(*name)));
      return kDone;
    };
  });
}

}  // namespace tidings::cli

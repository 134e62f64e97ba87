#include "tools/tidings/session.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "operate/display.hpp"
#include "operate/place_findings.hpp"

namespace tidings::cli {

namespace {

constexpr std::string_view kStandardUrl = "local:./.tidings";
constexpr const char* kTransportVariable = "TIDINGS_TRANSPORT";

struct ErrorRow {
  std::string error;
  ErrorKind kind = ErrorKind::invalid;
};
BOOST_DESCRIBE_STRUCT(ErrorRow, (), (error, kind))

// None: the file names no transport.
Result<std::optional<std::string>> url_in_file(const std::string& path) {
  try {
    const toml::table file = toml::parse_file(path);
    return file["transport"].value<std::string>();
  } catch (const toml::parse_error& fault) {
    return invalid(fmt::format("reading the file '{}' failed: {} (line {})", path, fault.description(),
                               fault.source().begin.line));
  }
}

}  // namespace

Result<ChosenUrl> Session::choose_url() const {
  std::optional<std::string> in_file;
  if (options_.config) {  // read though it may not be needed: a file that was named and is broken is a mistake
    auto read = url_in_file(*options_.config);
    if (!read) return read.error();
    in_file = *std::move(read);
  }
  if (options_.transport) return ChosenUrl{*options_.transport, Origin::flag};
  if (const auto variable = around_.environment(kTransportVariable); variable && !variable->empty()) {
    return ChosenUrl{*variable, Origin::environment};
  }
  if (!options_.config) return ChosenUrl{std::string{kStandardUrl}, Origin::standard};
  if (in_file) return ChosenUrl{*std::move(in_file), Origin::file};
  return invalid(fmt::format("the file '{}' names no transport; write `transport = \"local:./events\"` into it",
                             *options_.config));
}

std::unique_ptr<transport::Transport> Session::open(Store store, int& code) {
  const auto chosen = choose_url();
  if (!chosen) {
    code = usage(chosen.error());
    return nullptr;
  }
  const auto url = transport::parse_url(chosen->text);
  if (!url) {
    code = usage(url.error());
    return nullptr;
  }
  if (const auto fit = expect_fit(*chosen, *url, store); !fit) {
    code = not_opened(fit.error());
    return nullptr;
  }
  auto opened = around_.open(chosen->text, around_.executor);
  if (!opened) {
    code = not_opened(opened.error());
    return nullptr;
  }
  return *std::move(opened);
}

Result<void> Session::expect_fit(const ChosenUrl& chosen, const transport::Url& url, Store store) const {
  const auto place = around_.examine(chosen.text);
  if (!place) return place.error();
  if (auto shared = operate::expect_shared(url, *place); !shared) return shared;
  return store == Store::existing ? operate::expect_deployed(url, *place) : Result<void>{};
}

int Session::not_opened(const Error& error) {
  return error.kind == ErrorKind::invalid ? usage(error) : refuse(error, kUnavailable);
}

bool Session::line(std::string_view text) {
  around_.out << text << '\n' << std::flush;
  return around_.out.good();
}

void Session::print(std::string_view text) {
  around_.out << text << std::flush;
}

void Session::print(const Table& table) {
  print(table.text(around_.out_is_terminal ? std::optional{around_.columns} : std::nullopt));
}

void Session::note(std::string_view text) {
  if (!json()) line(operate::printable_lines(text));
}

int Session::fail(const Error& error) {
  return refuse(error, error.kind == ErrorKind::unavailable ? kUnavailable : kFailed);
}

int Session::usage(const Error& error) {
  return refuse(error, kUsage);
}

int Session::refuse(const Error& error, int code) {
  if (json()) {
    around_.err << operate::json_line(ErrorRow{operate::foreign_name(error.message), error.kind}) << '\n';
  } else {
    around_.err << "tidings: " << operate::printable_lines(error.message) << '\n';
  }
  around_.err << std::flush;
  return code;
}

}  // namespace tidings::cli

#include "tools/tidings/table.hpp"

#include <algorithm>
#include <numeric>

#include "operate/display.hpp"

namespace tidings::cli {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kCutLeast = 8;  // a column is not cut below this

}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = operate::printable(cell);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::optional<std::size_t> columns_max) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = operate::width_of(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, operate::width_of(row[i]));
    widths.push_back(width);
  }
  if (!columns_max) return widths;
  std::size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  while (total > *columns_max) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool can_be_cut = columns_[i].fit == Fit::cuttable && widths[i] > kCutLeast;
      if (can_be_cut && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --total;
  }
  return widths;
}

void Table::append_row(std::string& to, const std::vector<std::string>& cells,
                       const std::vector<std::size_t>& widths) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = operate::shortened(cells[i], std::max<std::size_t>(widths[i], 1));
    const std::string padding(widths[i] - std::min(widths[i], operate::width_of(cell)), ' ');
    line += columns_[i].align == Align::right ? padding + cell : cell + padding;
    if (i + 1 < cells.size()) line.append(kGap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  to += line + '\n';
}

std::string Table::text(std::optional<std::size_t> columns_max) const {
  const std::vector<std::size_t> all_widths = widths(columns_max);
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::string text;
  append_row(text, titles, all_widths);
  for (const auto& row : rows_) append_row(text, row, all_widths);
  return text;
}

}  // namespace tidings::cli

// A table for people: aligned columns, cut to a terminal's width.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tidings::cli {

enum class Align { left, right };
enum class Fit {
  whole,    // never cut: ids, numbers
  cuttable  // cut with … where a terminal is too narrow
};

struct Column {
  std::string title;
  Align align = Align::left;
  Fit fit = Fit::whole;
};

class Table final {
 public:
  explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

  // One cell a column; whatever a cell holds, no terminal obeys it.
  void add(std::vector<std::string> cells);

  // A line a row, with the titles above. `columns_max`: of the terminal; none: nothing is cut.
  std::string text(std::optional<std::size_t> columns_max) const;

 private:
  std::vector<std::size_t> widths(std::optional<std::size_t> columns_max) const;
  void append_row(std::string& to, const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tidings::cli

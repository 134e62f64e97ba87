#include "tidings/decision.hpp"

namespace tidings {

std::string_view to_string(Step step) {
  switch (step) {
    case Step::accepted:
      return "accepted";
    case Step::retrying:
      return "retrying";
    case Step::buried:
      return "buried";
    case Step::skipped:
      return "skipped";
    case Step::released:
      return "released";
    case Step::timed_out:
      return "timed_out";
    case Step::marked:
      return "marked";
    case Step::held_back:
      return "held_back";
    case Step::refused:
      return "refused";
    case Step::unsettled:
      return "unsettled";
    case Step::conflicted:
      return "conflicted";
    case Step::relaxed_hold:
      return "relaxed_hold";
    case Step::published:
      return "published";
    case Step::unpublished:
      return "unpublished";
  }
  return "accepted";
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "none";
    case Reason::failed:
      return "failed";
    case Reason::rejected:
      return "rejected";
    case Reason::undecodable:
      return "undecodable";
    case Reason::unhandled:
      return "unhandled";
    case Reason::filtered:
      return "filtered";
    case Reason::duplicate:
      return "duplicate";
    case Reason::conflict:
      return "conflict";
    case Reason::crashed:
      return "crashed";
    case Reason::too_large:
      return "too_large";
    case Reason::no_id:
      return "no_id";
    case Reason::timed_out:
      return "timed_out";
  }
  return "none";
}

}  // namespace tidings

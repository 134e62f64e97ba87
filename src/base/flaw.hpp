// Flaws: bugs that somebody might write, sown on purpose, so that tests/mutation can show that a named test finds each.
//
// Compiled in with the tests only (TIDINGS_FAULTS, the same for every source of a build), where the environment
// variable TIDINGS_FLAW names the one that is there; in a release build there is none, and `flawed()` is the constant
// false. Threads: any.
#pragma once

#ifdef TIDINGS_FAULTS
#include <cstdlib>
#include <string_view>
#endif

namespace tidings {

// Each with what goes wrong then. tests/mutation/flaws.txt names the test that finds it.
#define TIDINGS_FLAWS(FLAW)                                                                             \
  /* pipeline */                                                                                        \
  FLAW(retry_early)         /* a failed run is repeated at once */                                      \
  FLAW(attempt_forgotten)   /* a failed run is not counted */                                           \
  FLAW(attempts_one_more)   /* it is given up one run too late */                                       \
  FLAW(hopeless_retried)    /* what a repetition cannot mend is repeated */                             \
  FLAW(crash_limit_late)    /* the quarantine comes one crash too late */                               \
  FLAW(lane_order_lost)     /* events of one key run side by side */                                    \
  FLAW(strict_retry_passed) /* later events of its key pass a strict retry */                           \
  FLAW(relaxed_retry_holds) /* a relaxed retry holds its key */                                         \
  FLAW(suspect_in_company)  /* a suspect runs beside others of its subscription */                      \
  FLAW(hold_back_never)     /* what waits behind strict retries has no bound */                         \
  FLAW(hold_back_for_ever)  /* a partition that was held back never flows again */                      \
  /* service */                                                                                         \
  FLAW(suspect_unmarked)        /* a suspect runs without its durable mark */                           \
  FLAW(suspect_beside_others)   /* a suspect runs beside handlers of other subscriptions */             \
  FLAW(suspect_left_unsettled)  /* the next suspect runs before the last one is settled */              \
  FLAW(outputs_of_failure)      /* what a handler published leaves though it failed */                  \
  FLAW(output_ids_new)          /* a rerun publishes other ids */                                       \
  FLAW(timeout_runs_again)      /* an event runs again while its late run still goes on */              \
  FLAW(settlement_tried_once)   /* a settlement that the transport could not take is forgotten */       \
  FLAW(settlements_overtake)    /* what became of a delivery is sent before its retry is answered */    \
  FLAW(outputs_overtake)        /* a batch that publishes is sent before the last one is answered */    \
  FLAW(drain_settles_waiting)   /* a drain settles what waits instead of giving it back */              \
  FLAW(leaving_partition_kept)  /* what comes of a partition that leaves is handled here */             \
  FLAW(lost_run_returns)        /* what runs while its partition is lost returns to its lane */         \
  FLAW(settled_before_inbox)    /* deliveries are settled before the inbox has committed */             \
  FLAW(failure_keeps_mark)      /* marked before it is handled: a failed handler keeps the mark */      \
  FLAW(duplicate_loses_outputs) /* unconfirmed outputs are not sent again with a duplicate */           \
  FLAW(confirmed_before_sent)   /* the inbox forgets outputs before they are out */                     \
  FLAW(conflict_is_duplicate)   /* the same id with other data is skipped */                            \
  FLAW(left_alone_starts)       /* a handler starts though its subscription was left */                 \
  FLAW(spoiler_forgotten)       /* who spoils a transaction spoils the next one, too */                 \
  /* inbox and outbox */                                                                                \
  FLAW(inbox_undo_keeps)      /* the effect of a failed handler stays in the transaction */             \
  FLAW(writes_after_rollback) /* what a handler writes after a rollback stays without a mark */         \
  FLAW(inbox_replays_alike)   /* a replay with --again is a duplicate */                                \
  FLAW(relay_deletes_unsent)  /* a row of the outbox is deleted before it is confirmed */               \
  FLAW(relay_order_lost)      /* the relay sends events of one key side by side */                      \
  /* transport */                                                                                       \
  FLAW(pattern_reads_commands) /* `#` reads commands, too */                                            \
  /* memory */                                                                                          \
  FLAW(memory_confirms_refused)  /* a refused record is confirmed */                                    \
  FLAW(memory_buffer_endless)    /* a publisher's buffer has no bound */                                \
  FLAW(memory_full_drops)        /* a full deployment drops what is not settled */                      \
  FLAW(memory_in_flight_endless) /* more is in flight than the subscription allows */                   \
  FLAW(memory_outputs_overtake)  /* what publishes behind a refused settlement is settled */            \
  FLAW(memory_pause_ignored)     /* a paused partition hands out */                                     \
  FLAW(memory_start_ignored)     /* a subscription that starts at the end starts at the beginning */    \
  FLAW(memory_broadcast_shared)  /* the instances of a broadcast share its events */                    \
  FLAW(memory_outputs_apart)     /* outputs leave though their acceptance is refused */                 \
  FLAW(memory_cut_off_settles)   /* a settlement of what is not owned any more is said to be durable */ \
  FLAW(memory_gives_in_flight)   /* a partition changes hands while deliveries of it are in flight */   \
  FLAW(memory_release_charges)   /* a release counts as an attempt */                                   \
  FLAW(memory_release_unordered) /* what was released comes beside a later one of its key */            \
  FLAW(memory_relaxed_early)     /* a relaxed retry comes before its time */                            \
  FLAW(memory_relaxed_never)     /* a relaxed retry never comes */                                      \
  FLAW(memory_crash_attempts)    /* a crash forgets attempts */                                         \
  FLAW(memory_crash_due)         /* a crash forgets when a retry is due */                              \
  FLAW(memory_crash_marks)       /* a crash forgets marks */                                            \
  FLAW(memory_crash_unsuspected) /* a crash makes nothing suspect */                                    \
  FLAW(memory_crash_charges_all) /* a crash charges all that was in flight */                           \
  FLAW(memory_bury_drops)        /* a buried event is no dead letter */                                 \
  FLAW(memory_bury_body)         /* a dead letter has lost its body */                                  \
  FLAW(memory_bury_headers)      /* a dead letter has lost its headers */                               \
  FLAW(memory_replay_to_all)     /* a dead letter is replayed to every group */                         \
  FLAW(memory_replay_uncounted)  /* a replay is not counted */                                          \
  /* local */                                                                                           \
  FLAW(local_confirms_early)    /* a change is confirmed before it is durable */                        \
  FLAW(local_commit_unsynced)   /* sync=commit does not wait for the disk */                            \
  FLAW(local_buffer_endless)    /* a publisher's buffer has no bound */                                 \
  FLAW(local_in_flight_heavy)   /* what is in flight is bounded by number alone */                      \
  FLAW(local_outputs_apart)     /* outputs leave though their acceptance is refused */                  \
  FLAW(local_cut_off_settles)   /* a settlement of what is not owned any more is taken */               \
  FLAW(local_gives_in_flight)   /* a partition changes hands while deliveries of it are in flight */    \
  FLAW(local_unstored)          /* a settlement is in memory only until its member leaves */            \
  FLAW(local_due_forgotten)     /* a stored retry has lost its due time */                              \
  FLAW(local_relaxed_early)     /* a relaxed retry comes before its time */                             \
  FLAW(local_crash_marks)       /* a crash forgets marks */                                             \
  FLAW(local_crash_unsuspected) /* a crash makes nothing suspect */                                     \
  FLAW(local_bury_drops)        /* a buried event is no dead letter */                                  \
  FLAW(local_replay_keeps)      /* a replayed dead letter is there still */                             \
  FLAW(local_returned_passed)   /* what was given back of a paused partition comes late */              \
  FLAW(local_damage_unseen)     /* a record is not checked when it is read */                           \
  FLAW(local_expires_live)      /* retention removes what a live group has not settled */               \
  FLAW(gone_at_once)            /* a group without a member is gone at once */

#define TIDINGS_ENUMERATOR(name) name,
enum class Flaw { none, TIDINGS_FLAWS(TIDINGS_ENUMERATOR) };
#undef TIDINGS_ENUMERATOR

#ifdef TIDINGS_FAULTS
// Of the environment; none where it names none of them.
inline Flaw sown_flaw() {
  const char* text = std::getenv("TIDINGS_FLAW");
  const std::string_view wanted{text == nullptr ? "" : text};
#define TIDINGS_IF_WANTED(name) \
  if (wanted == #name) return Flaw::name;
  TIDINGS_FLAWS(TIDINGS_IF_WANTED)
#undef TIDINGS_IF_WANTED
  return Flaw::none;
}

inline bool flawed(Flaw flaw) {
  static const Flaw sown = sown_flaw();
  return flaw == sown;
}
#else
constexpr bool flawed(Flaw) {
  return false;
}
#endif

}  // namespace tidings

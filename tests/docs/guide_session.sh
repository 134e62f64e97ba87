# What a reader of the guides does by hand; read by guide_test.py before the blocks of a guide, in one bash.
# Lines that begin with @@ are for the test.
set -E -o pipefail
trap 'fault $? "$BASH_COMMAND"' ERR
trap end_services EXIT

fault() { [[ $2 == *until_ctrl_c* ]] || echo "@@ fault $1 $2"; }

# Waits until the command's output has the pattern.
shows() {
  local pattern=$1 end=$((SECONDS + 60))
  shift
  until "$@" 2>&1 | grep -E -- "$pattern" >/dev/null; do
    if ((SECONDS > end)); then
      echo "@@ fault 99 never shown: '$pattern' by $*, but: $("$@" 2>&1 | tail -20)"
      exit 1
    fi
    sleep 0.05
  done
}

# Nothing is left to do for any group.
settled() {
  shows '"unsettled":' tidings --json lag
  shows '^done$' nothing_unsettled
}
nothing_unsettled() { command tidings --json lag | grep '"unsettled":[1-9]' || echo done; }

# Stops the newest service that was started in the background.
stop_service() {
  kill -TERM $!
  wait $!
}

# Every service that still runs must drain and end well.
end_services() {
  local pid
  for pid in $(jobs -rp); do
    kill -TERM "$pid"
    wait "$pid" || echo "@@ fault $? a service that was told to end"
  done
}

first_dead_letter() {
  command tidings --json dead list --limit 1 | sed -E 's/^.*"id":"([^"]*)".*$/\1/'
}

# As typed: an id is that of a dead letter that is there, and Ctrl-C ends what goes on for ever.
tidings() {
  local words=() word until_ctrl_c=()
  for word in "$@"; do
    case $word in
      ID | d000000000042) word=$(first_dead_letter) ;;
      --watch | --follow) until_ctrl_c=(timeout --signal=INT --preserve-status 1) ;;
    esac
    words+=("$word")
  done
  command "${until_ctrl_c[@]}" tidings "${words[@]}"
}

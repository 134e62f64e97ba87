# What a reader of the guides does by hand; read by guide_test.py before the blocks of a guide, in one bash.
# Lines that begin with @@ are for the test.
set -E -o pipefail
trap 'fault $? "$BASH_COMMAND"' ERR
trap end_services EXIT

# Of a function of ours the trap knows no more than the `return` in it.
fault() { echo "@@ fault $1 ${2/#return*/$typed}"; }

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

# Runs the command until it has shown something, and then sends it Ctrl-C. In a shell of its own: `$!` stays the newest service.
until_ctrl_c() (
  shown=$(mktemp -p "$HOME")
  status=0
  env --default-signal=INT "$@" >"$shown" &
  shows . cat "$shown"
  kill -INT $!
  wait $! || status=$?
  cat "$shown"
  rm "$shown"
  exit $status
)

# As typed: an id is that of a dead letter that is there, and what goes on for ever gets a Ctrl-C.
tidings() {
  local words=() word runner=command
  for word in "$@"; do
    case $word in
      ID | d000000000042) word=$(first_dead_letter) ;;
      --watch | --follow) runner=until_ctrl_c ;;
    esac
    words+=("$word")
  done
  typed="tidings $*"
  $runner tidings "${words[@]}" || return $?
}

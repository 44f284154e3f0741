# shellcheck shell=bash
# Tests of these scripts: what they refuse before they start anything, on any machine and with any settings. No container is needed.
# scripts/test runs them in a shell of their own.
# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

work=$(mktemp -d)
failures=0
# Listens until it is killed, and says where.
perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 9); $| = 1;
    print +(sockaddr_in(getsockname(S)))[0], "\n"; sleep' >"$work/port" &
listener=$!
trap 'kill "$listener"; rm -rf "$work"' EXIT
until [[ -s $work/port ]]; do sleep 0.1; done
taken=$(<"$work/port")

# checkout LINES: makes a copy of what scripts/up looks at, on ports that are free, with these lines added to .env: the last one of a
# name counts.
checkout() {
    local name port=21900
    rm -rf "$work/copy"
    mkdir "$work/copy"
    cp -Rp scripts observability .env .gitignore .gitattributes docker-compose.yml "$work/copy"
    for name in ORDER_SERVICE PROMETHEUS ALERTMANAGER PAGER; do
        while port=$((port + 1)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
        printf '%s_PORT=%s\n' "$name" "$port" >>"$work/copy/.env"
    done
    printf '%b\n' "$1" >>"$work/copy/.env"
}

# in_copy COMMAND...: runs it there, without the settings of the caller.
in_copy() {
    (cd "$work/copy" && env -i PATH="$PATH" HOME="$work" COMPOSE_PROJECT_NAME=orderwatch-test-scripts "$@") 2>&1
}

# expect CODE WORDS COMMAND...: fails unless it ends with this code and says all of these, separated by commas, or nothing.
expect() {
    local wanted=$1 words=$2 code=0 said word
    shift 2
    said=$(in_copy "$@") || code=$?
    while read -r word; do
        if [[ $code != "$wanted" || $said != *"$word"* || -z $words && -n $said ]]; then
            printf 'FAILED  %s, .env ends with %s: exit %s, not "%s" in: %s\n' "$*" "$(tail -n 1 "$work/copy/.env")" "$code" "$word" "$said"
            failures=$((failures + 1))
        fi
    done <<<"${words//, /$'\n'}"
}

checkout ''
expect 0 '' scripts/up --check
while IFS='|' read -r lines words; do
    checkout "${lines//PORT%/PORT=$taken}"
    expect 1 "${words//%/$taken}" scripts/up --check
done <<'TABLE'
PROMETHEUS_PORT% # note|PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT%\r|PROMETHEUS_PORT, port % is taken
export PROMETHEUS_PORT%|PROMETHEUS_PORT, port % is taken
PROMETHEUS_PORT=1\nPROMETHEUS_PORT%|PROMETHEUS_PORT, port % is taken
BIND_ADDRESS=0.0.0.0|ORDER_SERVICE_PORT, PROMETHEUS_PORT, ALERTMANAGER_PORT, PAGER_PORT, GRAFANA_ADMIN_PASSWORD
BIND_ADDRESS=[::] # all|GRAFANA_ADMIN_PASSWORD
BIND_ADDRESS=192.0.2.7\nGRAFANA_ADMIN_PASSWORD="admin" # for now|GRAFANA_ADMIN_PASSWORD
BIND_ADDRESS=0.0.0.0\nGRAFANA_ADMIN_PASSWORD=|GRAFANA_ADMIN_PASSWORD
BIND_ADDRESS=::1|[::1]
BIND_ADDRESS=localhost|not an IP address
BIND_ADDRESS=127.example.org|not an IP address
BIND_ADDRESS=|is empty
PUBLIC_HOST=http://example.org|no scheme
PROMETHEUS_PORT=09090|PROMETHEUS_PORT=09090 is not a port
PAGER_PORT=65536|PAGER_PORT=65536 is not a port
PAGER_PORT=8003-8001|PAGER_PORT=8003-8001 is not a port
ALERTMANAGER_SECRETS=./observability/alertmanager/secrets|dead_mans_switch_url, docs/real-receivers.md
TABLE

# Whatever the language and the folders of the caller.
checkout "ORDER_SERVICE_PORT=$taken"
mkdir -p "$work/elsewhere/scripts"
expect 1 "ORDER_SERVICE_PORT, is taken" env CDPATH="$work/elsewhere" LC_ALL=tr_TR.UTF-8 scripts/up --check
for script in scripts/* scripts/debian/setup .ci/run; do
    [[ -f $script && $script != *.* || $script == .ci/run ]] || continue
    # Where no other language is installed, only the first line can tell.
    [[ $(grep -vm 1 '^#' "$script") == *'/lib.sh"' ]] || { printf 'FAILED  %s does not begin with lib.sh\n' "$script"; failures=$((failures + 1)); }
done

# Files that the containers may not read.
for wrong in 600:observability/alertmanager/secrets/examples/slack_url 700:observability/runbooks 750:observability; do
    checkout ''
    chmod "${wrong%%:*}" "$work/copy/${wrong#*:}"
    expect 1 "chmod -R o+rX, ${wrong#*:}" scripts/up --check
done

# An engine that holds the data of others is left alone. The function by itself: should it not refuse, nothing is undone.
checkout ''
cat >"$work/copy/docker" <<'DOCKER'
#!/bin/sh
case "$*" in
    version* | "ps --all"*) ;;
    *config*) echo 'name: orderwatch' ;;
    "volume ls"*) printf 'orderwatch orderwatch_prometheus-data\n%b' "$OTHERS" ;;
    *) exit 99 ;;
esac
DOCKER
chmod +x "$work/copy/docker"
undo=(env PATH="$work/copy:$PATH" bash -c '. scripts/debian/setup; refuse_if_used_by_others --all')
expect 0 '' "${undo[@]}"
expect 1 'shop_orders (project shop) nightly' env OTHERS='shop shop_orders\n nightly\n' "${undo[@]}"

# git ignores real secrets and keeps line ends.
expect 0 '' git init --quiet
expect 0 '' git check-ignore --quiet observability/alertmanager/secrets/slack_url
expect 1 '' git check-ignore --quiet observability/alertmanager/secrets/examples/slack_url
expect 0 'eol: lf' git check-attr eol scripts/lib.sh

((failures == 0))

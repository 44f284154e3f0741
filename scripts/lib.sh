# shellcheck shell=bash
# What the scripts have in common. Each of them sources this file first, which also changes to the root of the checkout.
set -euo pipefail

# In other languages, ranges such as [A-Z] contain other letters. With CDPATH, `cd` could go to another folder.
export LC_ALL=C
unset CDPATH
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

readonly SCRIPT=scripts/${0##*scripts/}
fail() { printf '%s: %s\n' "$SCRIPT" "$*" >&2; exit 1; }
# After the usage.
no_such_option() { printf '%s: no such option: %s\n' "$SCRIPT" "$1" >&2; exit 2; }

# macOS has no `timeout`: there, commands run without a limit.
command -v timeout >/dev/null || timeout() { shift; "$@"; }


# show_progress LOG: prints every ten seconds how long a step has taken so far, and the last line of its log.
show_progress() {
    local started=$SECONDS
    while sleep 10 >/dev/null 2>&1 9>&- && kill -0 $$ 2>/dev/null; do
        printf '  %s s: %s\n' $((SECONDS - started)) "$(tail -n 3 "$1" | tr '\r' '\n' | grep . | tail -n 1 | cut -c 1-110)"
    done
}

# took SECONDS STEP: says how long a step took, unless it was short, and adds it to the list that scripts/up prints at its end.
took() {
    if (($1 <= 2)); then return; fi
    printf '  done in %s s\n' "$1"
    if [[ -n ${STEP_TIMES-} ]]; then printf '  %5s s  %s\n' "$1" "$2" >>"$STEP_TIMES"; fi
}

# setting NAME: prints a setting as Docker Compose reads it, from the environment or else from .env: it fills in the name of an
# image, and prints that.
setting() {
    # shellcheck disable=SC2016 # Compose fills it in.
    printf 'name: settings\nservices: {setting: {image: "=${%s}"}}\n' "$1" \
        | docker compose --project-directory . --file - config --images | sed -n 's/^=//p'
}

# Prints the image of a service. The tools in it are used for the checks, so that they have the versions that the stack runs.
# It is read to its end, whichever line is the one: whoever writes to a pipe that nobody reads fails.
image_of() { docker compose config --images "$1" | awk -v name="$1" 'index($0, name) && !found++'; }
promtool() {
    docker run --rm --network none -v "$PWD/observability/prometheus:/etc/prometheus:ro" -w /etc/prometheus/tests \
        --entrypoint promtool "$(image_of prometheus)" "$@"
}

# The containers run as users of their own. What they may not read is noticed late: a secret, only when a page is lost.
check_readable() {
    local secrets file unreadable
    secrets=$(setting ALERTMANAGER_SECRETS)
    secrets=${secrets#./}
    for file in observability/alertmanager/secrets/examples/*; do
        [[ -s $secrets/${file##*/} ]] || fail "there is no $secrets/${file##*/}; docs/real-receivers.md says what belongs there"
    done
    unreadable=$(find observability "$secrets" \( ! -perm -o=r -o -type d ! -perm -o=x \) -print | sort -u)
    [[ -z $unreadable ]] || fail "the containers, which run as users of their own, may not read
$(head -n 5 <<<"$unreadable")
Let them, then run this again: chmod -R o+rX observability '$secrets'
To keep others on this machine from reading it, close the folder above instead: chmod go-rwx '$PWD'"
}

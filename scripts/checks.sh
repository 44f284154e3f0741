# shellcheck shell=bash
# What scripts/up checks before it starts anything: addresses, ports, files, and whose containers there are. After lib.sh.

# The host ports that containers of this project already publish: these are ours, not taken. The ports that were requested count
# too, because a service that keeps failing and restarting publishes its ports only part of the time.
own_ports() {
    docker compose ps --format '{{range .Publishers}}{{.PublishedPort}} {{end}}' 2>/dev/null || true
    docker compose ps -q --status running --status restarting 2>/dev/null | while read -r container; do
        docker inspect --format '{{range .HostConfig.PortBindings}}{{range .}}{{.HostPort}} {{end}}{{end}}' "$container"
    done 2>/dev/null || true
}

# Grafana takes an empty password for admin.
password_is_admin() { [[ $(setting GRAFANA_ADMIN_PASSWORD) =~ ^(admin)?$ ]]; }

# Whether only this machine can connect.
is_loopback() { [[ $1 =~ ^(127(\.[0-9]+){3}|\[::1\])$ ]]; }

# The names of the settings that are ports, as Compose finds them in its files.
port_names() { docker compose config --variables | awk '$1 ~ /_PORT$/ { print $1 }' | sort; }

# The ports that ask for no login.
open_ports() {
    local name
    for name in $(port_names); do
        [[ $name == GRAFANA_PORT ]] || printf '%s=%s, ' "$name" "$(setting "$name")"
    done
    printf 'and GRAFANA_PORT=%s to look at dashboards' "$(setting GRAFANA_PORT)"
}

check_address() {
    local address
    address=$(setting BIND_ADDRESS)
    [[ -n $address ]] || fail \
        'BIND_ADDRESS is empty, which would publish the ports on every address; set 127.0.0.1, or 0.0.0.0 if that is meant'
    [[ $address =~ ^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\])$ ]] || fail \
        "BIND_ADDRESS=$address is not an IP address; set for instance 127.0.0.1, or an IPv6 address in brackets: [::1]"
    if ! is_loopback "$address" && password_is_admin; then
        fail "BIND_ADDRESS=$address would let others log in to Grafana with the password admin; set another
GRAFANA_ADMIN_PASSWORD in .env, or BIND_ADDRESS=127.0.0.1. With another password, too, these ask for no login: $(open_ports)"
    fi
}

# Links are made of it as it is: anything more would make every one of them wrong, and Prometheus and Alertmanager fail.
check_public_host() {
    local host
    host=$(setting PUBLIC_HOST)
    [[ $host =~ ^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$ ]] || fail \
        "PUBLIC_HOST=$host is not a host name or an IP address, such as localhost, 192.0.2.7 or [::1]: no scheme, no port, no path"
}

# Two checkouts have the same project name: the containers of the other would be taken for ours, and recreated with our files.
check_checkout() {
    local container folder
    for container in $(docker compose ps -aq); do
        folder=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.project.working_dir"}}' "$container") || continue
        # A folder that was deleted does not matter.
        if [[ -d $folder && ! $folder -ef . ]]; then
            fail "the stack of this name belongs to another checkout, $folder. Stop it there with scripts/down, or start this one
beside it under another name and on other ports: COMPOSE_PROJECT_NAME=orderwatch2 PROMETHEUS_PORT=9091 … scripts/up"
        fi
    done
}

# check_ports EXCEPT: every port is a number, is used once, and is free.
check_ports() {
    local name names ports port other own address claimed=' '
    names=$(port_names)
    # All numbers first: with one that is none, Compose does not say which ports this stack has itself.
    for name in $names; do
        ports=$(setting "$name")
        if [[ ! $ports =~ ^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$ ]] || ((${ports%-*} > ${ports#*-} || ${ports#*-} > 65535)); then
            fail "$name=$ports is not a port: a number from 1 to 65535, without leading zeros"
        fi
    done
    address=$(connectable)
    own=" $(own_ports | tr '\n' ' ')"
    for name in $names; do
        if [[ $name == "$1" ]]; then continue; fi
        ports=$(setting "$name")
        for ((port = ${ports%-*}; port <= ${ports#*-}; port++)); do
            if [[ $claimed == *" $port="* ]]; then
                other=${claimed#* "$port"=}
                fail "port $port is set twice, by ${other%% *} and by $name; change one of them in .env"
            fi
            claimed+="$port=$name "
            [[ $own == *" $port "* ]] && continue
            if (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null; then
                fail "port $port is taken by another program; set $name in .env to a free one, or run: $name=$((port + 1)) scripts/up"
            fi
        done
    done
}

# The address to connect to when testing whether a port is taken.
connectable() {
    local address
    address=$(setting BIND_ADDRESS | tr -d '[]')
    case $address in
        0.0.0.0) printf '127.0.0.1' ;;
        ::) printf '::1' ;;
        *) printf '%s' "$address" ;;
    esac
}

# check_settings EXCEPT: with the port that is not used, if any
check_settings() {
    check_address
    check_public_host
    check_ports "$1"
    check_readable
}

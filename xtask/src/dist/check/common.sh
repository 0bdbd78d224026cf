# What the other scripts begin with. They run as root in a clean root folder, with mounts and processes of
# their own.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
user_path=/usr/local/bin:/usr/bin:/bin

step() { echo "==> $*"; }

# same WHAT EXPECTED SEEN
same() {
    if [ "$2" != "$3" ]; then
        printf '%s: expected\n%s\nbut it is\n%s\n' "$1" "$2" "$3" >&2
        exit 1
    fi
}

# has TEXT PART: it is anywhere in it.
has() {
    case "$1" in
    *"$2"*) ;;
    *)
        printf 'no "%s" in\n%s\n' "$2" "$1" >&2
        exit 1
        ;;
    esac
}

# All files, but those that keep changing: what was fetched, logs, and what package managers and man note down.
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /run -o -path /var/cache -o -path /var/log \
        -o -path /var/lib/apt -o -path /var/lib/dpkg/info -o -path /var/lib/rpm -o -path /root -o -path /dist \) -prune -o -print | sort
}

# counted COMMAND..: what this iftop shows of datagrams at a loopback interface that only it has.
counted() {
    unshare --net -- bash -euc '
        ip link set lo up
        while :; do echo hello >/dev/udp/127.0.0.1/9 || :; sleep 0.05; done 2>/dev/null &
        "$@" -i lo -nNPt -s 2
        kill $!
    ' - "$@" 2>&1
}

install() { apt-get -qq install --yes --no-install-recommends "$@" >/dev/null; }

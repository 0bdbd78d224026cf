# A newcomer at a clean Debian: types what README says, and notes how long each took. It runs as root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive TERM=xterm-256color
export PATH=$PATH:~/.cargo/bin
cd ~

# typed COMMAND: runs it to its end, which is a good one.
typed() {
    echo "==> $1"
    local begun=$EPOCHREALTIME
    bash -euc "$1" >/tmp/said 2>&1 </dev/null || { tail -30 /tmp/said; exit 1; }
    note "$1" "$begun" done
}

# looked_at COMMAND: runs it in a terminal until the live table is there, and ends it by `q`.
looked_at() {
    echo "==> $1"
    local begun=$EPOCHREALTIME
    rm -f keys
    mkfifo keys
    : >screen
    script --quiet --flush --return --command "stty cols 100 rows 30; $1" screen <keys >/dev/null &
    exec 3>keys
    until grep -q "TOTAL:" screen; do
        kill -0 $! || { tail -30 screen; exit 1; }
        sleep 0.1
    done
    note "$1" "$begun" "the live table is there"
    printf q >&3
    exec 3>&-
    wait $!
}

note() { # COMMAND BEGUN WHAT
    printf '| `%s` | %s | %.1f s |\n' "$1" "$3" "$(awk "BEGIN { print $EPOCHREALTIME - $2 }")" | tee -a /log
}

typed "apt-get update"
typed "apt-get install --yes --no-install-recommends git curl ca-certificates build-essential"
typed "curl -sSfo rustup-init https://static.rust-lang.org/rustup/dist/x86_64-unknown-linux-gnu/rustup-init"
typed "chmod +x rustup-init"
typed "./rustup-init -y --profile minimal"
typed "git clone /iftop.bundle iftop"
cd iftop
looked_at "cargo xtask run -- -i eth0"
looked_at "cargo xtask demo"
typed "cargo install --locked --path iftop-user"
[ "$(iftop --version)" = "$(target/release/iftop --version)" ]
looked_at "cargo xtask run -- -i eth0"

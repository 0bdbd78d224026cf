# The .deb, in a clean Debian with Debian's own iftop beside it.
package=/dist/$(cd /dist && echo iftop-ebpf_*_amd64.deb)
root_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

step "a Debian with its iftop, man and shells"
apt-get -qq update
install iftop man-db bash-completion zsh fish iproute2
theirs() {
    dpkg --verify iftop bash-completion zsh-common
    has "$(/usr/sbin/iftop -h)" "display bandwidth usage"
}
theirs
before=$(files)

step "install"
install "$package"
version="iftop $(dpkg-query -f '${Version}' -W iftop-ebpf)"
same "version" "$version" "$(iftop-ebpf --version)"
same "the other name" "$version" "$(PATH=$user_path iftop --version)"
same "whose is first for a user" /usr/bin/iftop "$(PATH=$user_path command -v iftop)"
same "whose is first for root" /usr/sbin/iftop "$(PATH=$root_path command -v iftop)"
same "setuid files" "" "$(dpkg -L iftop-ebpf | xargs -d '\n' -I{} find {} -maxdepth 0 -perm /6000)"
theirs

step "count"
has "$(counted iftop-ebpf --source ebpf)" "127.0.0.1:9 "

step "count with the capabilities of a container"
contained() { # CAPABILITIES OPTION..
    local set=$1
    shift
    counted setpriv --no-new-privs --inh-caps=-all --bounding-set="-all,$set" iftop-ebpf "$@"
}
has "$(contained +bpf,+perfmon,+net_admin,+setuid,+setgid --source ebpf)" "127.0.0.1:9 "
has "$(contained +bpf,+perfmon,+net_admin --source ebpf)" "127.0.0.1:9 "
has "$(contained +net_raw)" "source: pcap (no CAP_BPF"

step "manual"
has "$(man iftop-ebpf)" "counted inside the kernel"
has "$(man iftop)" "counted inside the kernel"
has "$(man 8 iftop)" "display bandwidth usage"

step "completions"
completed() { # PATH NAME: what bash makes of `NAME --max-m`
    PATH=$1 bash -c '
        . /usr/share/bash-completion/bash_completion
        complete -p $1 >/dev/null 2>&1 || _completion_loader $1 || :
        function_of() { complete -p $1 | sed "s/.*-F \([^ ]*\).*/\1/"; }
        COMP_WORDS=($1 --max-m) COMP_CWORD=1
        $(function_of $1) $1 --max-m $1 || { [ $? = 124 ] && $(function_of $1) $1 --max-m $1; }
        printf "%s\n" "${COMPREPLY[@]}"
    ' - "$2" | grep max-m || :
}
same "bash" --max-memory "$(completed $root_path iftop-ebpf)"
same "bash, the other name" --max-memory "$(completed $user_path iftop)"
same "bash, Debian's iftop" "" "$(completed $root_path iftop)"
zsh_has() { zsh -fc 'autoload -U compinit; compinit -u -D; print $_comps['"$1"']'; }
for name in iftop iftop-ebpf; do
    same "zsh, $name" _iftop-ebpf "$(zsh_has $name)"
    has "$(PATH=$user_path fish -c "complete -C '$name --max-m'")" --max-memory
done
has "$(ls /usr/share/doc/iftop-ebpf/examples)" iftoprc.sample

step "remove, and install again"
apt-get -qq remove --yes iftop-ebpf >/dev/null
same "what is left" "/etc/bash_completion.d /etc/bash_completion.d/iftop-ebpf" \
    "$(comm -13 <(echo "$before") <(files) | xargs)"
same "whose is first for a user" "" "$(PATH=$user_path command -v iftop || :)"
theirs
install "$package"
same "the other name" "$version" "$(PATH=$user_path iftop --version)"

step "purge"
apt-get -qq purge --yes iftop-ebpf >/dev/null
same "what is left" "" "$(comm -3 <(echo "$before") <(files))"
theirs

step "where somebody has the name"
echo theirs >/usr/bin/iftop
install "$package"
same "the name" theirs "$(cat /usr/bin/iftop)"
same "version" "$version" "$(iftop-ebpf --version)"
apt-get -qq purge --yes iftop-ebpf >/dev/null
same "the name" theirs "$(cat /usr/bin/iftop)"

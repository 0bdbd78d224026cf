# iftop is completed as iftop-ebpf is, where that is what it starts.
if [[ $(type -P iftop) -ef /usr/bin/iftop-ebpf ]]; then
    _iftop_ebpf_by_its_other_name() {
        . /usr/share/bash-completion/completions/iftop-ebpf
        eval "$(complete -p iftop-ebpf) iftop"
        return 124
    }
    complete -F _iftop_ebpf_by_its_other_name iftop
fi

complete -c iftop -w iftop-ebpf

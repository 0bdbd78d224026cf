# A static program and nothing else: outside of the root folder are this script and ip. $1 is the root folder,
# with /iftop and a capture of one TCP and one UDP packet, $2 an emulator in it where one is needed.
root=$1 emulator=${2:-}
alone() { chroot "$root" $emulator /iftop "$@"; }

step "no library"
same "what has to be loaded" "" "$(readelf --program-headers "$root/iftop" | grep -E 'INTERP|DYNAMIC' || :)"
has "$(alone --version)" "iftop "

step "a capture file, by libpcap's filter"
# The emulator has no seccomp(2).
shown=$(alone -r /two.pcap -nNPt ${emulator:+--no-sandbox} -f "tcp port 80" 2>&1)
has "$shown" "10.0.0.2:80 "
same "what the filter turns away" "" "$(echo "$shown" | grep ':53 ' || :)"
has "$(alone -r /two.pcap -nNPt ${emulator:+--no-sandbox} 2>&1)" "10.0.0.2:53 "

if [ -z "$emulator" ]; then
    step "count"
    has "$(counted chroot "$root" /iftop --source ebpf)" "127.0.0.1:9 "
    has "$(counted chroot "$root" /iftop --source ebpf -f 'udp port 9')" "127.0.0.1:9 "
    has "$(counted chroot "$root" /iftop --source pcap -f 'udp port 9')" "127.0.0.1:9 "
    same "what another filter lets through" "" \
        "$(counted chroot "$root" /iftop --source ebpf -f 'tcp' | grep '127.0.0.1:9 ' || :)"
fi

# The archive, in a clean Debian: it needs nothing that is not there.
step "unpack"
apt-get -qq update
install iproute2 xz-utils
cd /root
tar -xf /dist/iftop-*-linux-gnu.tar.xz
cd iftop-*
has "$(./iftop --version)" "iftop "
has "$(head -1 completions/_iftop)" "#compdef iftop"

step "count"
has "$(counted ./iftop --source ebpf)" "127.0.0.1:9 "

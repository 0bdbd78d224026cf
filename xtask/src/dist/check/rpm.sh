# The .rpm, by Debian's rpm.
package=/dist/$(cd /dist && echo iftop-ebpf-*.x86_64.rpm)

step "a Debian with rpm"
apt-get -qq update
install rpm iproute2
before=$(files)

step "what it requires"
requires=$(rpm -qp --requires "$package")
echo "$requires"
for library in $(echo "$requires" | sed -n 's/\.so.*//p' | sort -u); do
    case $library in
    libc | libm | libdl | libpthread | ld-linux-x86-64) ;;
    *) same "what is beside glibc" "" "$library" ;;
    esac
done

step "install"
# rpm knows nothing of what dpkg has installed: no package of its own has the glibc.
rpm --install --nodeps "$package"
version="iftop $(rpm -q --queryformat '%{VERSION}' iftop-ebpf)"
same "version" "$version" "$(iftop-ebpf --version)"
same "the other name" "$version" "$(PATH=$user_path iftop --version)"
same "what is not as it was packed" "" "$(rpm --verify --nodeps iftop-ebpf)"
has "$(rpm -q --configfiles iftop-ebpf)" /etc/bash_completion.d/iftop-ebpf
has "$(rpm -q --licensefiles iftop-ebpf)" LICENSES-OF-OTHERS
has "$(zcat /usr/share/man/man1/iftop.1.gz)" "counted inside the kernel"

step "count"
has "$(counted iftop-ebpf --source ebpf)" "127.0.0.1:9 "

step "erase"
rpm --erase iftop-ebpf
# Folders of the system belong to a package of Fedora's, which is not here.
left=$(comm -13 <(echo "$before") <(files) | while read -r path; do [ -d "$path" ] || echo "$path"; done)
same "what is left" "" "$left"
same "folders of its own" "" "$(files | grep /iftop-ebpf || :)"
same "what is gone" "" "$(comm -23 <(echo "$before") <(files))"

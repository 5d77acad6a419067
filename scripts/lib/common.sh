# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# What the scripts share: words on stderr, packages by name, the configured build folder. Sourced, not run.

source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

build_packages=(
    meson ninja-build gcc libc6-dev pkg-config libuv1-dev libc-ares-dev libyaml-dev libcurl4-openssl-dev libseccomp-dev uthash-dev
    autoconf automake libtool make dpkg-dev
)
test_packages=(
    libcmocka-dev libssl-dev libwolfssl-dev binutils procps python3-pytest python3-pytest-timeout python3-pytest-xdist python3-cryptography python3-cryptography-vectors
    python3-dnspython python3-yaml kamailio kamailio-tls-modules sip-tester stunnel4 unbound knot nsd openssl
    valgrind jq lnav logrotate prometheus
    mandoc systemd
)
lab_packages=(kamailio kamailio-tls-modules nsd openssl python3)

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() {
    say "$*"
    exit 1
}

package_is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Installs those of the named packages that are missing. Their services are neither started nor enabled.
install_packages() {
    local package missing=() as_root=()
    for package in "$@"; do
        package_is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "packages are missing and there is no sudo; as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    "${as_root[@]}" sh "$source_root/scripts/lib/install-packages" "${missing[@]}" >&2 ||
        die "could not install ${missing[*]}"
}

# configure FOLDER [OPTION...]: a build folder in the source tree, with these options. A folder that is there keeps
# what else was set in it.
configure() {
    local folder=$source_root/$1
    shift
    # meson would build it too, but in silence
    "$source_root/scripts/build-wolfssl" --prefix-for "$folder" >/dev/null
    if [ ! -f "$folder/build.ninja" ]; then
        meson setup "$folder" "$source_root" "$@"
    else
        meson configure "$folder" "$@"
    fi
}

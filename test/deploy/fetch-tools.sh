#!/bin/sh
# Unpacks kubectl and docker-compose of Debian 13 into the folder named, beside whatever the system has: Debian 12's own are
# too old (kustomize 2.0, Compose 1.29), and its kubernetes-client cannot be installed where another kubectl is.
set -eu
folder=$1
suite=trixie
[ -x "$folder/usr/bin/kubectl" ] && [ -x "$folder/usr/bin/docker-compose" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # apt fetches as a user of its own
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/packages"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" > "$work/sources"
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$work/sources" -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State::Lists="$work/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
    -o APT::Sandbox::User=root "$@"
}
apt update
(cd "$work/packages" && apt download kubectl docker-compose)
mkdir -p "$folder"
for package in "$work"/packages/*.deb; do dpkg -x "$package" "$folder"; done

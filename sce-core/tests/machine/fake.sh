#!/bin/bash
# Plays the programs that only a machine has, by the name it is called by, and writes each call down: name and arguments, by tabs.
set -euo pipefail
name=${0##*/}
etc=$SCE_ROOT/etc
(IFS=$'\t'; printf '%s\n' "$name${*:+$IFS$*}") >>"$SCE_FAKES/calls"
[[ ! -e $SCE_FAKES/says/$name ]] || { cat "$SCE_FAKES/says/$name"; exit 0; }
[[ ! -e $SCE_FAKES/fails/$name ]] || exit "$(<"$SCE_FAKES/fails/$name")"

real() {
  PATH=${PATH#"$SCE_FAKES/bin:"} exec "$name" "$@"
}

gid() {
  awk -F: -v name="$1" '$1 == name { print $3 }' "$etc/group"
}

# Sets a field of a person's line, as usermod does.
field() {
  awk -F: -v OFS=: -v name="$2" -v at="$3" -v value="$4" '$1 == name { $at = value } { print }' "$1" >"$1.new"
  mv "$1.new" "$1"
}

case $name in
  mount) touch "$SCE_FAKES/mounted" ;;
  mountpoint) [[ -e $SCE_FAKES/mounted ]] ;;
  fallocate) truncate -s "${2%iB}" "$3" ;;
  uname) echo x86_64 ;;
  ebsnvme-id) [[ -e $SCE_FAKES/nvme/${2##*/} ]] && cat "$SCE_FAKES/nvme/${2##*/}" ;;
  groupadd) echo "$2:x:$((900 + $(wc -l <"$etc/group"))):" >>"$etc/group" ;;
  useradd)
    for person; do :; done
    while [[ $1 != --gid ]]; do shift; done
    ! grep -q "^$person:" "$etc/passwd" || exit 9
    echo "$person:x:$((1000 + $(wc -l <"$etc/passwd"))):$(gid "$2"):sce:/home/$person:/bin/bash" >>"$etc/passwd"
    echo "$person:!:20000:0:99999:7:::" >>"$etc/shadow"
    ;;
  usermod)
    for person; do :; done
    grep -q "^$person:" "$etc/passwd" || exit 6
    login=$person
    while (($# > 1)); do
      case $1 in
        --login) login=$2 ;;
        --comment) field "$etc/passwd" "$person" 5 "$2" ;;
        --gid) field "$etc/passwd" "$person" 4 "$(gid "$2")" ;;
        --expiredate) field "$etc/shadow" "$person" 8 "$2" ;;
      esac
      shift
    done
    for file in passwd shadow; do field "$etc/$file" "$person" 1 "$login"; done
    ;;
  pkill) exit 1 ;;
  aws) cat "$SCE_FAKES/list" ;;
  systemctl)
    if [[ $* == 'start sce-people.service' ]]; then
      python3 "$SCE_ROOT/usr/local/libexec/sce-people" >>"$SCE_ROOT/var/log/sce-people.log" || (($? == 1))
    fi
    ;;
  python3.11)
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/pip"
    ;;
  pip)
    for package; do :; done
    printf '#!/bin/bash\necho %s\n' "${package#*==}" >"${0%/*}/jupyter-lab"
    chmod 755 "${0%/*}/jupyter-lab"
    ;;
  blkid | wipefs | mkfs.ext4 | mkswap) real "$@" ;;
esac

# E, where people work (L523).
#
# The metadata service stays open to people here: role R is what they read S3D and write S3O with (`aws s3 cp`, L608), through the
# endpoint, and it may do nothing else of worth: the machine's own needs (its list of people, its log streams) are in it too, but it can
# neither change the list nor make, alter or delete log groups. IMDSv2 with one hop keeps it to this machine.

STEPS=(close_unless_open make_groups harden_sshd deny_shared_login end_idle_sessions add_swap install_patches mount_data
  watch_files ship_logs install_software welcome install_people)
OPTIONAL=(add_swap install_patches install_software welcome)
# Of 2026-11; only the version is pinned, its dependencies are what the index has.
JUPYTERLAB=4.6.6

# A tunnel may end here, at one's own JupyterLab, and lead nowhere else.
sshd_rules_for_people() {
  echo 'PermitOpen 127.0.0.1:* localhost:*'
}

# The volume attached as /dev/sdf. Nitro instances call it /dev/nvme1n1 or so, in no sure order; udev makes the alias from the name in
# the controller's vendor data, and ebsnvme-id reads the same where the alias is missing.
data_device() {
  local path name
  for path in "$ROOT/dev/sdf" "$ROOT/dev/xvdf"; do
    if [[ -e $path ]]; then
      readlink -f "$path"
      return
    fi
  done
  for path in "$ROOT"/dev/nvme*n1; do
    name=$(ebsnvme-id -b "$path" 2>/dev/null) || continue
    if [[ ${name#/dev/} == sdf ]]; then
      echo "$path"
      return
    fi
  done
  return 1
}

# Blank is what nobody has written to: no signature of a file system, swap, LUKS, RAID or partition table by either tool, and nothing
# but zeroes in the first MiB. All have to agree (L605: "will blow away anything already there").
is_blank() {
  local code=0 found
  blkid -p "$1" >/dev/null 2>&1 || code=$?
  ((code == 2)) || return 1
  found=$(wipefs -n "$1" 2>&1) || return 1
  [[ -z $found ]] || return 1
  cmp -s -n 1048576 "$1" /dev/zero
}

is_ours() {
  [[ $(blkid -p -s TYPE -o value "$1") == ext4 && $(blkid -p -s LABEL -o value "$1") == "$PIT" ]]
}

# The folder that the volume is mounted on is root's alone, so that nothing lands on the root volume while the data volume is away.
mount_data() {
  local device='' end=$((SECONDS + ${SCE_WAIT:-600})) place=$ROOT/$PIT uuid
  [[ $DATA_VOLUME ]] || return 0
  if ! mountpoint -q "$place"; then
    until device=$(data_device); do
      ((SECONDS < end)) || die 'no volume is attached as /dev/sdf'
      sleep 5
    done
    if is_ours "$device"; then
      say "$device has the file system of $PIT"
    elif is_blank "$device"; then
      say "$device is blank: making a file system"
      [[ $(type -P mkfs.ext4) ]] || get e2fsprogs
      mkfs.ext4 -q -L "$PIT" "$device"
    else
      die "$device is neither blank nor ours: left as it is (docs/machine.md)"
    fi
    uuid=$(blkid -p -s UUID -o value "$device")
    mkdir -p "$place"
    chmod 700 "$place"
    [[ -z $(ls -A "$place") ]] || die "/$PIT is in use"
    sed -i "\|^UUID=[^ ]* /$PIT |d" "$ROOT/etc/fstab"
    add_line /etc/fstab "UUID=$uuid /$PIT ext4 defaults,nodev,nosuid,nofail 0 2"
    systemctl daemon-reload
    mount "$place"
  fi
  mountpoint -q "$place" || die "/$PIT is not mounted"
  chown root:sce-people "$place"
  chmod 2770 "$place"
}

wants() {
  [[ " $SOFTWARE " == *" $1 "* ]]
}

# JupyterLab is in nobody's dnf repository; the yum package called `anaconda` (L682) is Fedora's installer, not the Python
# distribution.
install_software() {
  if wants r; then get R; fi
  if wants python || wants jupyterlab; then
    get python3.11 python3.11-pip
    configure_pip
  fi
  if wants jupyterlab; then install_jupyterlab; fi
}

configure_pip() {
  case $PACKAGES in
    mirror)
      [[ $PACKAGE_INDEX =~ ^https?://[^[:space:]]+$ ]] || die 'the package index is no URL'
      printf '[global]\nindex-url = %s\n' "$PACKAGE_INDEX" | put 644 /etc/pip.conf
      ;;
    none) printf '[global]\nno-index = true\n' | put 644 /etc/pip.conf ;;
    *) rm -f "$ROOT/etc/pip.conf" ;;
  esac
}

install_jupyterlab() {
  local venv=$ROOT/opt/sce/venv
  if [[ $PACKAGES == none ]]; then
    say 'JupyterLab is skipped: packages = "none"'
    return
  fi
  if [[ $("$venv/bin/jupyter-lab" --version 2>/dev/null) != "$JUPYTERLAB" ]]; then
    python3.11 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check --no-cache-dir --only-binary :all: "jupyterlab==$JUPYTERLAB"
  fi
  {
    printf '#!/bin/bash\nidle=%q\nfolder=%q\n' $((IDLE_MINUTES * 60)) "${DATA_VOLUME:+/$PIT}"
    cat <<'END'
@jupyter.sh@
END
  } | put 755 /usr/local/bin/sce-jupyter
}

welcome() {
  local lab='not asked for'
  if wants jupyterlab; then lab=sce-jupyter; fi
  if wants jupyterlab && [[ $PACKAGES == none ]]; then lab='not installed: no package index is allowed'; fi
  put 644 /etc/motd.d/50-sce <<END
What you run and which data you open is recorded. Put nothing about patients into file names.
Data: ${DATA_VOLUME:+/$PIT, shared with your colleagues}
JupyterLab: $lab
Sessions end after $IDLE_MINUTES minutes without input.
END
}

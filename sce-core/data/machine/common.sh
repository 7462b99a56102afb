# What both machines do. Comments stay in the repository: the renderer in `machine.rs` leaves them out, since EC2 takes 16 KiB.
#
# Settings (ROLE, PIT, …) are assigned above, shell-quoted. Everything is written below ROOT, which is empty on a machine and a scratch
# folder in tests. Each step is a function, may be run again at any time, and changes nothing the second time.

ROOT=${SCE_ROOT:-}
SELF=/usr/local/libexec/sce-setup
LOG=/var/log/sce-setup.log
KEYS=/etc/sce/keys
OPEN=/run/sce-open
AGENT=/opt/aws/amazon-cloudwatch-agent/etc/sce.json
failed=()
umask 022

say() {
  printf '%s sce-setup: %s\n' "$(date -u +%FT%TZ)" "$*"
}

die() {
  say "REFUSED: $*"
  exit 1
}

# put MODE PATH: a file becomes what stands on standard input, whole or not at all; one that says so already is left alone.
put() {
  local path=$ROOT$2 new
  mkdir -p "${path%/*}"
  new=$(mktemp "$path.XXXXXX")
  cat >"$new"
  chmod "$1" "$new"
  if cmp -s "$new" "$path" && chmod "$1" "$path"; then rm "$new"; else mv "$new" "$path"; fi
}

# Adds a line to a file, once.
add_line() {
  grep -qxsF -- "$2" "$ROOT$1" || printf '%s\n' "$2" >>"$ROOT$1"
}

get() {
  dnf -y -q install "$@"
}

# A run at first boot is cut short if cloud-init is; so user data only installs itself as a service, which runs now and at every boot,
# and again after five minutes when a step failed: the data volume may be attached only later, and a repository may be away.
install_self() {
  [[ $0 -ef $ROOT$SELF ]] || install -D -m 700 "$0" "$ROOT$SELF"
  put 644 /etc/systemd/system/sce-setup.service <<'END'
[Unit]
Wants=network-online.target
After=network-online.target
[Service]
Type=exec
ExecStart=/usr/local/libexec/sce-setup run
Restart=on-failure
RestartSec=5min
[Install]
WantedBy=multi-user.target
END
  systemctl daemon-reload
  systemctl enable sce-setup.service
  systemctl start --no-block sce-setup.service
}

# Runs a step. It is no condition of `if` or `||`, where bash would not stop at the first failure inside it.
step() {
  local code
  say "begin $1"
  set +e
  (
    set -euo pipefail
    "$1"
  )
  code=$?
  set -e
  if ((code == 0)); then
    say "done $1"
  else
    say "FAILED $1 ($code)"
    failed+=("$1")
  fi
}

# All steps, the failed ones too: what can be secured is. People are let in only when everything but the optional steps was done.
run() {
  local name blocking=()
  mkdir -p "$ROOT${LOG%/*}" "$ROOT${OPEN%/*}"
  touch "$ROOT$LOG"
  chmod 600 "$ROOT$LOG"
  exec >>"$ROOT$LOG" 2>&1 </dev/null
  say "begin $ROLE machine of $PIT"
  for name in "${STEPS[@]}"; do step "$name"; done
  for name in "${failed[@]}"; do
    [[ " ${OPTIONAL[*]} " == *" $name "* ]] || blocking+=("$name")
  done
  if ((${#blocking[@]} > 0)); then close_to_people; else step open_to_people; fi
  [[ -e $ROOT$OPEN ]] || die "nobody is let in: ${failed[*]}"
  ((${#failed[@]} == 0)) || die "people are in, not whole: ${failed[*]}"
  say 'whole, people are in'
}

# sshd reads a person's key as that person: a folder that only root may enter lets nobody in. Closed at every boot until this program
# has secured the machine and the list was read; a second try in the same boot does not lock out who is in.
close_unless_open() {
  [[ -e $ROOT$OPEN ]] || close_to_people
}

close_to_people() {
  rm -f "$ROOT$OPEN"
  mkdir -p "$ROOT$KEYS"
  chmod 700 "$ROOT$KEYS"
}

# The marks of accounts that are ours: sce-people for who is on the list, sce-former for who was.
make_groups() {
  local group
  for group in sce-people sce-former; do
    grep -q "^$group:" "$ROOT/etc/group" || groupadd --system "$group"
  done
}

# Public keys only, one person at a time, no way on from here but what the role's own rules allow. What sshd has so by itself, or
# what another line implies, is left out.
# AuthorizedKeysCommand is off, so that who may call SendSSHPublicKey cannot put a key in for anybody. It stands in a Match block,
# because that overrides even sshd's command line. ec2-user is the builder's, by the key pair of the launch; people are not.
harden_sshd() {
  local file=/etc/ssh/sshd_config rules
  grep -q '^Include /etc/ssh/sshd_config.d/\*.conf' "$ROOT$file" ||
    sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' "$ROOT$file"
  rules=$(sshd_rules_for_people)
  put 600 /etc/ssh/sshd_config.d/00-sce.conf <<END
PermitRootLogin no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserRC no
AllowGroups sce-people ec2-user
AllowAgentForwarding no
AllowStreamLocalForwarding no
AllowTcpForwarding local
PermitTunnel no
X11Forwarding no
MaxAuthTries 3
LoginGraceTime 30
ClientAliveInterval 60
ClientAliveCountMax 3
LogLevel VERBOSE
Match Group sce-people
AuthorizedKeysFile $KEYS/%u
$rules
Match all
AuthorizedKeysCommand none
END
  sshd -t
  systemctl reload-or-restart sshd
}

# Session Manager would give its shared ssm-user all rights with this file, and leaves one that is there alone.
deny_shared_login() {
  put 440 /etc/sudoers.d/ssm-agent-users </dev/null
}

# Two ways, since each sees what the other does not: the shell ends when it waits for a command, systemd-logind (from version 252 on)
# when a terminal was not typed at, whatever runs in it. A dead peer is ended by sshd's ClientAlive settings.
end_idle_sessions() {
  put 644 /etc/profile.d/sce.sh <<END
TMOUT=$((IDLE_MINUTES * 60))
readonly TMOUT
export TMOUT
if [ "\$(id -gn)" = sce-people ]; then umask 007; fi
END
  put 644 /etc/systemd/logind.conf.d/50-sce.conf <<END
[Login]
StopIdleSessionSec=${IDLE_MINUTES}min
END
  systemctl restart systemd-logind
}

# The root volume is encrypted, and so is what is swapped out to it (L233).
add_swap() {
  local file=$ROOT/swapfile
  [[ $SWAP_GIB ]] || return 0
  if [[ ! -e $file ]]; then
    rm -f "$file.new"
    fallocate -l "${SWAP_GIB}GiB" "$file.new"
    chmod 600 "$file.new"
    mkswap "$file.new"
    mv "$file.new" "$file"
  fi
  [[ $(blkid -p -s TYPE -o value "$file") == swap ]] || die "/swapfile is no swap file of ours"
  add_line /etc/fstab '/swapfile none swap defaults 0 0'
  grep -q '^/swapfile ' "$ROOT/proc/swaps" || swapon "$file"
}

# Amazon Linux 2023 stays at its image's release until told otherwise; `latest` follows it. All updates at every boot, security
# updates every day (L252, L670).
install_patches() {
  put 644 /etc/dnf/vars/releasever <<<latest
  dnf -y -q upgrade
  get dnf-automatic
  put 644 /etc/dnf/automatic.conf <<'END'
[commands]
upgrade_type = security
download_updates = yes
apply_updates = yes
random_sleep = 3600
END
  systemctl enable --now dnf-automatic.timer
}

# Amazon Linux ships `-a never,task`, under which no rule about system calls is heard. auid is who logged in, whatever they became; a
# shell of Session Manager comes without a login, so uid counts too.
watch_files() {
  local arch archs=(b64) who
  get audit
  [[ $(uname -m) != x86_64 ]] || archs+=(b32)
  find "$ROOT/etc/audit/rules.d" -name '*.rules' -exec sed -i '/^-a never,task/d' {} +
  {
    for arch in "${archs[@]}"; do
      for who in 'auid>=1000 -F auid!=unset' 'uid>=1000'; do
        echo "-a always,exit -F arch=$arch -S execve,execveat -F $who -k people"
        [[ -z $DATA_VOLUME ]] || echo "-a always,exit -F arch=$arch -F dir=/$PIT -F perm=rwa -F $who -k data"
      done
    done
    printf -- '-w %s -p wa -k accounts\n' /etc/passwd /etc/shadow /etc/group /etc/sudoers /etc/sudoers.d
    printf -- '-w %s -p wa -k machine\n' /etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/sce /etc/audit $SELF
  } | put 600 /etc/audit/rules.d/50-sce.rules
  systemctl enable --now auditd
  augenrules --load
}

# rsyslog writes what sshd and sudo say to files, which is what the agent reads. The group exists: the machine may not make one.
ship_logs() {
  get rsyslog amazon-cloudwatch-agent
  systemctl enable --now rsyslog
  agent_settings | put 644 "$AGENT"
  amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c "file:$ROOT$AGENT"
}

# One stream for each kind of log of each machine. LOG_GROUP is a JSON string already.
agent_settings() {
  local kind stream comma=''
  printf '{"agent":{"run_as_user":"root","region":"%s"},"logs":{"logs_collected":{"files":{"collect_list":[' "$REGION"
  for kind in secure messages audit/audit.log sce-setup.log sce-people.log; do
    stream=${kind##*/}
    printf '%s{"file_path":"/var/log/%s","log_group_name":%s,"log_stream_name":"{instance_id}/%s"}' \
      "$comma" "$kind" "$LOG_GROUP" "${stream%.log}"
    comma=,
  done
  echo ']}}}}'
}

install_people() {
  put 600 /etc/sce/people.json <<<"$PEOPLE"
  put 644 /etc/systemd/system/sce-people.service <<'END'
[Service]
Type=oneshot
ExecStart=/usr/local/libexec/sce-people
SuccessExitStatus=1
StandardOutput=append:/var/log/sce-people.log
StandardError=inherit
END
  put 644 /etc/systemd/system/sce-people.timer <<'END'
[Timer]
OnActiveSec=5min
OnUnitActiveSec=5min
END
  put 700 /usr/local/libexec/sce-people <<'END'
@people.py@
END
  systemctl daemon-reload
}

# Who was struck off the list while the machine was stopped is gone before anybody is let in.
open_to_people() {
  systemctl start sce-people.service
  chmod 755 "$ROOT$KEYS"
  touch "$ROOT$OPEN"
  systemctl start sce-people.timer
}

main() {
  if [[ ${1-} == run ]]; then run; else install_self; fi
}

# B forwards ssh to the private instance, and nothing else (L501-L502). No private key is ever on it, neither put here nor needed: the
# person's own computer talks through it to the private instance (ProxyJump), so that who breaks in here finds no key (L602).

STEPS=(close_unless_open make_groups harden_sshd deny_shared_login end_idle_sessions keep_role_from_sessions add_swap
  install_patches watch_files ship_logs install_people)
OPTIONAL=(add_swap install_patches)

# sshd compares addresses as text, so that every address of the private subnet is listed, but for the five that AWS keeps; of a subnet
# with more than 1,024 the security group, which lets port 22 out to the private subnet only, has to do.
sshd_rules_for_people() {
  python3 - "$FORWARD_TO" <<'END'
import ipaddress, sys
net = ipaddress.ip_network(sys.argv[1])
hosts = ["*"] if net.num_addresses > 1024 else list(net)[4:-1]
print("PermitOpen", *(f"{host}:22" for host in hosts))
END
  echo 'PermitTTY no'
  echo 'ForceCommand /sbin/nologin'
}

# Nobody works here, so no session may ask the metadata service for the machine's role; the services that need it run outside sessions.
keep_role_from_sessions() {
  put 644 /etc/systemd/system/user-.slice.d/50-sce.conf <<'END'
[Slice]
IPAddressDeny=169.254.169.254 fd00:ec2::254
END
  systemctl daemon-reload
}

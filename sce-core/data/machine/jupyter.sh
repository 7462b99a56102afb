# One's own JupyterLab, while one uses it: on loopback, behind a token, at a port that is one's own. It takes no arguments, and fails
# rather than move to another port: whoever sits on this one gets neither the token nor the tunnel.
set -euo pipefail
port=$((20000 + UID))
cat <<TEXT
On your own computer, in another window (HOST is the name you log in with):
  ssh -N -L $port:127.0.0.1:$port HOST
Then open the address below that begins with http://127.0.0.1:$port/
TEXT
exec /opt/sce/venv/bin/jupyter-lab --no-browser --ip=127.0.0.1 --port="$port" --ServerApp.port_retries=0 \
  --ServerApp.root_dir="${folder:-$HOME}" --ServerApp.shutdown_no_activity_timeout="$idle" \
  --MappingKernelManager.cull_idle_timeout="$idle" --MappingKernelManager.cull_connected=True

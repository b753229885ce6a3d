"""Inside the virtual machine: real servers of shares, their real mounts, and their troubles."""

import os
import signal
import subprocess

SERVED = "/payload/served"  # a local ext4: the server's side
MOUNTED = "/mnt"
GROUP, GROUP_ID = "drop", 2000
# Who mounts, runs the daemon and is known to the servers; and who writes on the server's side.
DAEMON, DAEMON_ID = "tegodrop", 2001
WRITER, WRITER_ID = "builder", 2002
_PASSWORD = "only-for-this-machine"
_SMB_CONF = f"""[global]
  server role = standalone server
  interfaces = 127.0.0.1
  bind interfaces only = yes
  smb ports = 445
  disable netbios = yes
  disable spoolss = yes
  load printers = no
  printing = bsd
  printcap name = /dev/null
[share]
  path = {SERVED}/cifs
  valid users = {DAEMON}
  read only = no
  create mask = 0664
  directory mask = 2775
"""


def run(*command, **how):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stdout}{done.stderr}")


def write(path, text, mode=0o644):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)


def make_users():
    run("groupadd", "--gid", str(GROUP_ID), GROUP)
    for name, number in ((DAEMON, DAEMON_ID), (WRITER, WRITER_ID)):
        run("useradd", "--no-create-home", "--uid", str(number), "--gid", GROUP, name)


class _Share:
    """`name` is also that of its folder on the server's side and of its mount."""

    def __init__(self, name, port):
        self.name, self._port = name, port
        self.served = os.path.join(SERVED, name)
        self.mounted = os.path.join(MOUNTED, name)
        os.makedirs(self.mounted)

    def silence(self):
        """No packet of it arrives any more, on either side, as on a cut line."""
        run("nft", f"add table ip {self.name}; add chain ip {self.name} in {{ type filter hook input priority 0; }}; "
            f"add rule ip {self.name} in tcp dport {self._port} drop; add rule ip {self.name} in tcp sport {self._port} drop")

    def speak(self):
        run("nft", f"delete table ip {self.name}")

    def unmount(self):
        run("umount", self.mounted)


class CifsShare(_Share):
    """smbd and the kernel's CIFS client, mounted for the daemon's user, else as distributions have both by default."""

    def __init__(self):
        super().__init__("cifs", 445)
        os.makedirs("/run/samba", exist_ok=True)
        write("/etc/samba/smb.conf", _SMB_CONF)
        run("smbpasswd", "-s", "-a", DAEMON, input=f"{_PASSWORD}\n{_PASSWORD}\n")
        write("/etc/share.credentials", f"username={DAEMON}\npassword={_PASSWORD}\n", 0o600)

    def start(self):
        self._smbd = subprocess.Popen(["/usr/sbin/smbd", "--foreground", "--no-process-group", "--debug-stdout"],
                                      stdin=subprocess.DEVNULL, start_new_session=True)

    def kill(self):
        """It is gone without a word, and so is whoever served a connection."""
        os.killpg(self._smbd.pid, signal.SIGKILL)
        self._smbd.wait()

    def mount(self):
        run("mount", "-t", "cifs", "-o", f"vers=3.1.1,credentials=/etc/share.credentials,uid={DAEMON},gid={GROUP},file_mode=0664,"
            "dir_mode=02775", "//127.0.0.1/share", self.mounted)


class NfsShare(_Share):
    """The kernel's NFS server and client, both as distributions have them by default, but for how long the server waits for its
    clients after it has begun."""

    def __init__(self):
        super().__init__("nfs", 2049)
        os.makedirs("/run/rpc_pipefs", exist_ok=True)
        run("modprobe", "nfsd")
        run("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd")
        run("mount", "-t", "rpc_pipefs", "rpc_pipefs", "/run/rpc_pipefs")
        run("nfsdcld")
        # 90 s by default, in which nothing new can be opened.
        for what in ("nfsv4leasetime", "nfsv4gracetime"):
            write(f"/proc/fs/nfsd/{what}", "15")
        run("exportfs", "-o", "rw,sync,no_subtree_check,fsid=1", f"127.0.0.1:{self.served}")
        run("rpc.mountd", "--no-nfs-version", "3")

    def start(self):
        run("rpc.nfsd", "--no-nfs-version", "3", "8")

    def kill(self):
        run("rpc.nfsd", "0")

    def mount(self):
        run("mount", "-t", "nfs", "-o", "vers=4.2", f"127.0.0.1:{self.served}", self.mounted)

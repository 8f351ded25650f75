"""A clean root directory for the steps of a Dockerfile, by Linux namespaces. Needs Linux and root.

It stands for the base image: `/usr` and the Python of this process are this machine's, read-only; all else is empty.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COPIED = ("hosts", "ld.so.cache", "login.defs", "nsswitch.conf", "resolv.conf")
"""Files of /etc that name resolution, the loader and useradd read."""
EMPTY = ("data", "dev", "etc", "opt", "proc", "root", "tmp", "var")
MACHINE_VARIABLES = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""Beginnings of the variables that a build gets: an engine passes proxies, and pip's have the package index."""

# In namespaces of its own, so that each mount ends with the command: mount what is shared, then become the command.
ENTER = """
root=$1 shared=$2 writable=$3 network=$4; shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
for folder in $shared; do
  mount --rbind "$folder" "$root$folder"
  mount -o remount,bind,ro "$root$folder"
done
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
if [ "$writable" != / ]; then
  mount --bind "$root$writable" "$root$writable"
  mount -o remount,bind,ro "$root"
fi
[ "$network" = host ] || python3 -c "$network"
exec "$@"
"""
LOOPBACK_UP = """
import fcntl, socket, struct
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
"""


@dataclass(frozen=True)
class CleanRoot:
    """A root directory. `folder` is its path on this machine."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> CleanRoot:
        """Create a root directory, with its few users, in an empty folder."""
        for name in EMPTY:
            (folder / name).mkdir(parents=True)
        for name in ("bin", "lib", "lib64", "sbin"):
            if Path("/", name).is_symlink():  # to the folder of that name in /usr
                (folder / name).symlink_to(os.readlink(f"/{name}"))
        for name in COPIED:
            if (path := Path("/etc", name)).exists():
                shutil.copy(path, folder / "etc" / name)
        (folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n")
        (folder / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
        root = cls(folder)
        for path in root.shared:
            (folder / path.relative_to("/")).mkdir(parents=True, exist_ok=True)
        return root

    @property
    def shared(self) -> list[Path]:
        """Folders of this machine that stand for the base image."""
        python = Path(sys.base_prefix)
        return [Path("/usr"), Path("/etc/ssl"), *([] if python.is_relative_to("/usr") else [python])]

    def path(self, inside: str) -> Path:
        """Return the path on this machine of an absolute path inside."""
        return self.folder / inside.lstrip("/")

    def run(self, command: Sequence[str], *, directory: str, variables: Mapping[str, str]) -> None:
        """Run a command as root, with this machine's network. Raises CalledProcessError."""
        machine = {name: value for name, value in os.environ.items() if name.startswith(MACHINE_VARIABLES)}
        entered = self._enter("/", "host", 0, directory, {**machine, **variables}, command)
        subprocess.run([_program("unshare"), "--mount", "--pid", "--fork", *entered], stdout=sys.stderr, check=True)

    def start(
        self, command: Sequence[str], *, user: int, directory: str, variables: Mapping[str, str], writable: str
    ) -> Container:
        """Start a command as process 1 of a container: without a network, and with one folder that it may write to."""
        entered = self._enter(writable, LOOPBACK_UP, user, directory, variables, command)
        namespaces = [_program("unshare"), "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"]
        process = subprocess.Popen([*namespaces, *entered], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return Container(process, user, directory, variables)

    def _enter(
        self,
        writable: str,
        network: str,
        user: int,
        directory: str,
        variables: Mapping[str, str],
        command: Sequence[str],
    ) -> list[str]:
        shared = " ".join(map(str, self.shared))
        prepare = ["sh", "-euc", ENTER, "sh", str(self.folder), shared, writable, network]
        become = ["chroot", f"--userspec=+{user}:+0", "--groups=", str(self.folder)]
        return [*prepare, *become, *_environment(directory, variables), *command]


@dataclass(frozen=True)
class Container:
    """A running command. `process` is the parent of its process 1, and ends with its exit code."""

    process: subprocess.Popen[str]
    user: int
    directory: str
    variables: Mapping[str, str]

    @property
    def pid(self) -> int:
        """Number of process 1, as this machine counts. Raises IndexError before it has started."""
        parent = self.process.pid
        return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])

    def status(self) -> dict[str, str]:
        """Fields of process 1 as the kernel reports them: `Uid`, `NSpid`, ..."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def execute(self, command: Sequence[str], **variables: str) -> int:
        """Run a command inside, as `docker exec` does; return its exit code."""
        enter = [
            _program("nsenter"),
            f"--target={self.pid}",
            "--mount",
            "--pid",
            "--net",
            "--root",
            f"--setuid={self.user}",
        ]
        become = ["--setgid=0", *_environment(self.directory, {**self.variables, **variables})]
        return subprocess.run([*enter, *become, *command], check=False).returncode

    def call(self, command: Sequence[str]) -> str:
        """Run a command of this machine in the container's network alone; return its output."""
        enter = [_program("nsenter"), f"--target={self.pid}", "--net"]
        return subprocess.run([*enter, *command], check=True, stdout=subprocess.PIPE, text=True).stdout


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed; it is part of util-linux, and needs Linux")
    return path


def _environment(directory: str, variables: Mapping[str, str]) -> list[str]:
    return ["/usr/bin/env", "-i", f"--chdir={directory}", *(f"{name}={value}" for name, value in variables.items())]

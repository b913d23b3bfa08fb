"""One container of a pod: started, asked, stopped with its hook."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.servers.pods.sandbox import Image, Mount, command
from holdfast.servers.pods.variables import expanded
from holdfast.servers.pods.volumes import Object
from holdfast.servers.process import Process
from holdfast.servers.programs import require_program

_PATH = "/image/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BIRTH_SECONDS = 30.0
_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Container:
    """A container that is ready to be started.

    Args:
        manifest: as it stands in a pod template.
        image: what its image is here.
        mounts: its volumes.
        environment: all its variables.
        user, group: who it runs as.
        directory: the pod's own, for its log.
    """

    manifest: Object
    image: Image
    mounts: Sequence[Mount]
    environment: Mapping[str, str]
    user: int
    group: int
    directory: Path

    @property
    def name(self) -> str:
        """As in the manifest."""
        return str(self.manifest["name"])

    @property
    def argv(self) -> list[str]:
        """What runs in it.

        Raises:
            UsageError: the manifest leaves it to an image that is not here.
        """
        words = [*self.manifest.get("command", ()), *self.manifest.get("args", ())]
        if not self.manifest.get("command"):
            raise UsageError(
                f"container {self.name} runs its image's own command, and there is no image here",
                hint="say the command in the manifest",
            )
        return [expanded(word, self.environment) for word in words]

    @property
    def _told(self) -> dict[str, str]:
        """Its variables, and what a container runtime adds."""
        return {"PATH": _PATH, "HOME": "/tmp", **self.environment}  # noqa: S108 - the container's

    def start(self) -> Process:
        """Start it; its output is in ``<name>.log``.

        Raises:
            EnvironmentLacking: bubblewrap is missing.
            UsageError: it has no command.
        """
        security = self.manifest.get("securityContext", {})
        words = command(
            self.argv,
            self.image,
            self.mounts,
            user=self.user,
            group=self.group,
            directory=self.manifest.get("workingDir", "/"),
            read_only_root=bool(security.get("readOnlyRootFilesystem")),
        )
        return Process(
            words,
            self.directory,
            name=self.name,
            env=self._told,
            package="bubblewrap",
            ask=self.stop,
        )

    def execute(self, process: Process, argv: Sequence[str], seconds: float) -> int | None:
        """Run a command in the container, as an exec probe or a hook does.

        Args:
            seconds: how long it may take.

        Returns:
            Its exit status; None where it took too long or the container has ended.
        """
        inner = _first_of(process.pid)
        if inner is None:
            return None
        words = [
            require_program("nsenter", package="util-linux"),
            *("--target", str(inner), "--user", "--mount", "--pid", "--preserve-credentials"),
            *(f"--wdns={self.manifest.get('workingDir', '/')}", "--"),
            *argv,
        ]
        try:
            done = subprocess.run(
                words,
                env=self._told,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        return done.returncode

    def stop(self, process: Process) -> None:
        """Begin to stop it as a kubelet does: hook, then the image's signal. Returns at once."""
        threading.Thread(
            target=self._stop, args=(process,), name=f"stop-{self.name}", daemon=True
        ).start()

    def _stop(self, process: Process) -> None:
        hook = self.manifest.get("lifecycle", {}).get("preStop", {})
        if "exec" in hook:
            self.execute(process, hook["exec"]["command"], 86_400)
        elif "sleep" in hook:
            time.sleep(hook["sleep"]["seconds"])
        inner = _first_of(process.pid)
        if inner is not None and process.running:
            os.kill(inner, self.image.stop_signal)

    def wait_born(self, process: Process) -> None:
        """Wait until its first process is there, which a hook needs.

        Raises:
            EnvironmentLacking: it has not come.
        """
        deadline = time.monotonic() + _BIRTH_SECONDS
        while process.running and _first_of(process.pid) is None:
            if time.monotonic() > deadline:
                raise EnvironmentLacking(f"container {self.name} does not begin")
            time.sleep(_POLL_SECONDS)


def _first_of(bubblewrap: int) -> int | None:
    """The process id, here, of what is PID 1 in the container."""
    try:
        children = Path(f"/proc/{bubblewrap}/task/{bubblewrap}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None

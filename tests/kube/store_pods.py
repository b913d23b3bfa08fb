"""The pods of a rendered session store as processes: each has a loopback address of its own.

What is replaced in the rendered files: port numbers (one of ours for each), addresses to listen on,
and the name server. Names of pods are in a hosts file, and for HAProxy in a name server.
"""

from __future__ import annotations

import copy
import socketserver
import struct
import threading
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from holdfast.servers.pods import pod as pods
from holdfast.servers.pods.sandbox import Image
from holdfast.servers.ports import free_port

SEARCH = "shop.svc.cluster.local"


class Cluster:
    """Pods by their names; each can be killed, and started again with the data it had."""

    def __init__(self, objects, secret, directory, nameserver, stack):
        self.secret = secret
        self.directory = directory
        self.stack = stack
        self.ports = {"26379": free_port(), "6379": free_port(), "8404": free_port()}
        self.nameserver = nameserver
        self.addresses = {}
        self.processes = {}
        self.running = {}
        self.files = {"/etc/hosts": directory / "hosts", "/etc/resolv.conf": directory / "resolv"}
        self.files["/etc/resolv.conf"].write_text(f"search {SEARCH} svc.cluster.local\n")
        self.apply(objects)

    def apply(self, objects):
        """Other objects; pods that run stay as they were started."""
        self.objects = [*objects, self.secret]
        for one in objects:
            if one["kind"] in ("StatefulSet", "Deployment"):
                for ordinal in range(one["spec"]["replicas"]):
                    name = f"{one['metadata']['name']}-{ordinal}"
                    self.addresses.setdefault(name, f"127.0.0.{len(self.addresses) + 2}")
        self.names = {
            f"{name}.{one['spec']['serviceName']}": self.addresses[name]
            for one in objects
            if one["kind"] == "StatefulSet"
            for name in self.addresses
            if name.rpartition("-")[0] == one["metadata"]["name"]
        }
        self.nameserver.names = {f"{name}.{SEARCH}": where for name, where in self.names.items()}
        lines = ["127.0.0.1 localhost", *(f"{where} {name}" for name, where in self.names.items())]
        self.files["/etc/hosts"].write_text("\n".join((*lines, "")))

    def start(self, name):
        """Start a pod, with the data it had."""
        owner, _, _ = name.rpartition("-")
        workload = next(
            one
            for one in self.objects
            if one["kind"] in ("StatefulSet", "Deployment") and one["metadata"]["name"] == owner
        )
        template = copy.deepcopy(workload["spec"]["template"])
        data = self.directory / f"{name}-data"
        data.mkdir(exist_ok=True)
        for claim in workload["spec"].get("volumeClaimTemplates", ()):
            template["spec"]["volumes"].append({"name": claim["metadata"]["name"], "emptyDir": {}})
        pod_directory = self.directory / f"{name}-{len(self.processes)}"
        pod_directory.mkdir()
        made = pods.prepare(
            template,
            [self._here(one, name) for one in self.objects],
            pod_directory,
            lambda _manifest: Image(files=self.files),
            fields={"metadata.name": name},
        )
        if workload["kind"] == "StatefulSet":
            (pod_directory / "data").rmdir()
            (pod_directory / "data").symlink_to(data)
            data.chmod(0o777)
        made.initialise()
        container = made.containers[0]
        process = container.start()
        self.stack.callback(process.kill)
        container.wait_born(process)
        self.processes[pod_directory.name] = process
        self.running[name] = (container, process)

    def kill(self, name):
        """SIGKILL."""
        self.running[name][1].kill()

    def passes(self, name, probe="readinessProbe"):
        """Whether a probe succeeds now; ports of manifests are those of this cluster."""
        container, process = self.running[name]
        asked = container.manifest[probe]
        if "httpGet" in asked:
            number = next(
                port["containerPort"]
                for port in container.manifest["ports"]
                if port["name"] == asked["httpGet"]["port"]
            )
            return self._gets(name, self.ports[str(number)], asked["httpGet"]["path"])
        words = [self._text(word, name) for word in asked["exec"]["command"]]
        return container.execute(process, words, 30) == 0

    def client(self, name, password, user=None, port="6379"):
        """A client of the Redis, the Sentinel or the proxy in a pod."""
        client = redis.Redis(
            host=self.addresses[name],
            port=self.ports[port],
            password=password,
            username=user,
            socket_timeout=5,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self.stack.callback(client.close)
        return client

    def _gets(self, name, port, path):
        connection = HTTPConnection(self.addresses[name], port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def log(self, name):
        """What a pod wrote."""
        return self.running[name][1].log.read_text()

    def _here(self, one, name):
        if one["kind"] != "ConfigMap":
            return one
        data = {key: self._text(text, name) for key, text in one["data"].items()}
        return {**one, "data": data}

    def _text(self, text, name):
        address = self.addresses[name]
        text = text.replace("bind * -::*", f"bind {address}").replace("bind :", f"bind {address}:")
        text = text.replace("--no-auth-warning -p ", f"--no-auth-warning -h {address} -p ")
        text = text.replace(
            "parse-resolv-conf", f"nameserver here 127.0.0.1:{self.nameserver.port}"
        )
        for port, ours in self.ports.items():
            text = text.replace(port, str(ours))
        return text


@contextmanager
def cluster(objects, secret, directory):
    """Everything is ended at the end."""
    with ExitStack() as stack, nameserver() as names:
        yield Cluster(objects, secret, Path(directory), names, stack)


@contextmanager
def nameserver():
    """A name server that knows addresses of names, and of nothing else."""

    class Answer(socketserver.BaseRequestHandler):
        def handle(self):
            query, connection = self.request
            name, at = [], 12
            while query[at]:
                name.append(query[at + 1 : at + 1 + query[at]].decode())
                at += 1 + query[at]
            kind = struct.unpack(">H", query[at + 1 : at + 3])[0]
            found = server.names.get(".".join(name)) if kind == 1 else None
            record = b""
            if found:
                octets = bytes(map(int, found.split(".")))
                record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + octets
            head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(found), 0, 0)
            connection.sendto(head + query[12 : at + 5] + record, self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Answer) as server:
        server.names = {}
        server.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, name="nameserver", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

"""make bench: `holdfast check` beside Checkov, on the same manifests in the same run, as a ratio.

Checkov has a virtual environment of its own. Both are whole commands, from a cold start to the exit
status, with JSON into a file; each is run a few times and the best counts. Nothing is asserted.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from holdfast.check.audit import Request, audit

MANIFESTS = 1000
TURNS = 3
CHECKOV = "checkov==3.3.30"
HOLDFAST = Path(sys.executable).with_name("holdfast")

SHOP = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: shop-{n}, namespace: team-{team}}}
data:
  APP_NAME: shop {n}
  APP_ENV: production
  APP_URL: https://shop-{n}.example.com
  SESSION_DRIVER: {driver}
  SESSION_LIFETIME: "120"
  QUEUE_CONNECTION: redis
  REDIS_HOST: redis-{team}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-{n}
  namespace: team-{team}
  labels: {{app: shop-{n}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: shop-{n}}}}}
  template:
    metadata: {{labels: {{app: shop-{n}}}}}
    spec:
      terminationGracePeriodSeconds: 60
      initContainers:
        - name: migrate
          image: registry.example.com/shop:{n}
          command: [php, artisan, migrate, --force]
          envFrom: [{{configMapRef: {{name: shop-{n}}}}}]
      containers:
        - name: php
          image: registry.example.com/shop:{n}
          envFrom:
            - configMapRef: {{name: shop-{n}}}
          env:
            - name: APP_KEY
              valueFrom: {{secretKeyRef: {{name: shop-{n}, key: APP_KEY}}}}
          ports: [{{containerPort: 9000}}]
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
          readinessProbe: {{tcpSocket: {{port: 9000}}}}
        - name: nginx
          image: nginx:1.27
          ports: [{{containerPort: 8080}}]
          readinessProbe: {{httpGet: {{path: /up, port: 8080}}}}
          lifecycle: {{preStop: {{exec: {{command: [sleep, "10"]}}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: worker-{n}, namespace: team-{team}}}
spec:
  selector: {{matchLabels: {{app: worker-{n}}}}}
  template:
    metadata: {{labels: {{app: worker-{n}}}}}
    spec:
      containers:
        - name: worker
          image: registry.example.com/shop:{n}
          command: [php, artisan, "queue:work"]
          envFrom: [{{configMapRef: {{name: shop-{n}}}}}]
          env:
            - name: APP_KEY
              valueFrom: {{secretKeyRef: {{name: shop-{n}, key: APP_KEY}}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: scheduler-{n}, namespace: team-{team}}}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: scheduler
              image: registry.example.com/shop:{n}
              command: [php, artisan, "schedule:run"]
              envFrom: [{{configMapRef: {{name: shop-{n}}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: shop-{n}, namespace: team-{team}}}
spec:
  selector: {{app: shop-{n}}}
  ports: [{{port: 80, targetPort: 8080}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop-{n}
  namespace: team-{team}
  annotations: {{nginx.ingress.kubernetes.io/affinity: cookie}}
spec:
  ingressClassName: nginx
  rules:
    - host: shop-{n}.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {{service: {{name: shop-{n}, port: {{number: 80}}}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: shop-{n}, namespace: team-{team}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop-{n}}}
  minReplicas: {replicas}
  maxReplicas: 10
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: shop-{n}, namespace: team-{team}}}
spec:
  maxUnavailable: 1
  selector: {{matchLabels: {{app: shop-{n}}}}}
"""
EACH = SHOP.count("---") + 1


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        manifests = Path(scratch, "manifests")
        write_manifests(manifests)
        checkov = install_checkov(Path(scratch, "checkov"))
        ours, rival = [], []
        for _ in range(TURNS):
            ours.append(timed([HOLDFAST, "check", manifests, "--json", "-"], scratch))
            rival.append(
                timed([checkov, "-d", manifests, "--framework", "kubernetes", "-o", "json",
                       "--quiet", "--compact", "--skip-download"], scratch)
            )  # fmt: skip
        show(min(ours), min(rival))
        profile(manifests)


def write_manifests(directory: Path) -> None:
    """A shop in each file: what a Laravel application has in production, some with a fault."""
    directory.mkdir()
    for n in range(MANIFESTS // EACH):
        text = SHOP.format(
            n=n, team=n % 20, replicas=1 + n % 4, driver="file" if n % 10 == 0 else "redis"
        )
        (directory / f"shop-{n}.yaml").write_text(text)


def install_checkov(directory: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", directory], check=True)
    pip = [directory / "bin/pip", "install", "--quiet", "--disable-pip-version-check", CHECKOV]
    # Our pins are not Checkov's.
    environment = {k: v for k, v in os.environ.items() if k != "PIP_CONSTRAINT"}
    subprocess.run(pip, check=True, env=environment)
    return directory / "bin/checkov"


@dataclass(frozen=True, order=True)
class Cost:
    """Seconds by the clock and of processors, and how many things were found."""

    seconds: float
    processor: float
    findings: int


def timed(command: list[object], scratch: str) -> Cost:
    output = Path(scratch, "found.json")
    # Pip compiles what it installs; a checkout is compiled by its first run, where that may write.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    words = list(map(str, command))
    began, before = time.perf_counter(), used()
    with output.open("wb") as file:
        ended = subprocess.run(
            words, stdout=file, stderr=subprocess.PIPE, check=False, cwd=scratch, env=environment
        )
    seconds, processor = time.perf_counter() - began, used() - before
    assert ended.returncode in (0, 1), ended.stderr.decode()
    found = json.loads(output.read_bytes())
    many = len(found["findings"]) if "findings" in found else found["summary"]["failed"]
    return Cost(seconds, processor, many)


def used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def show(ours: Cost, rival: Cost) -> None:
    table = Table(title=f"{MANIFESTS} manifests, the whole command, best of {TURNS}")
    for column in ("", "seconds", "ratio", "processor", "ratio", "findings"):
        table.add_column(column, justify="right" if column else "left")
    for name, cost in (("holdfast check", ours), (CHECKOV.replace("==", " "), rival)):
        table.add_row(
            name,
            f"{cost.seconds:.2f}",
            f"{cost.seconds / ours.seconds:.1f}",
            f"{cost.processor:.2f}",
            f"{cost.processor / ours.processor:.1f}",
            f"{cost.findings:,}",
        )
    Console().print(table)


def profile(manifests: Path) -> None:
    """Where the time goes, by module of ours and of others, without the start of Python."""
    profiler = cProfile.Profile()
    profiler.runcall(audit, Request([manifests], manifests))
    seconds: dict[str, float] = {}
    stats = pstats.Stats(profiler)
    for (file, _, _), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]  # typeshed has no `stats`
        parts = Path(file).with_suffix("").parts
        name = "elsewhere"
        for package in ("holdfast", "yaml"):
            if package in parts:
                name = ".".join(parts[parts.index(package) :])
        seconds[name] = seconds.get(name, 0.0) + own
    total = sum(seconds.values())
    table = Table(title="where the time goes (cProfile makes small functions look slow)")
    table.add_column("module")
    table.add_column("share", justify="right")
    for name, own in sorted(seconds.items(), key=lambda item: -item[1])[:12]:
        table.add_row(name, f"{own / total:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()

r"""Files that are uploaded by Livewire are on one pod only.

## What it checks

A component has `WithFileUploads`, Livewire keeps uploads on a disk with the driver `local`
(`livewire.temporary_file_upload.disk`, else the default disk), several pods answer, and no volume
that they share holds that directory.

## Why it matters

An upload takes several requests: one stores the file, later ones show it, check it and move it.
They reach different pods. The others do not have the file: users see a broken preview, an error,
or a form that has lost what they uploaded.

## Bad

```json composer.json
{"require": {"laravel/framework": "*", "livewire/livewire": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"},
  {"name": "livewire/livewire", "version": "v3.6.4"}
]}
```

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
```

```php config/filesystems.php
<?php
return ['default' => env('FILESYSTEM_DISK', 'local'), 'disks' => [
    'local' => ['driver' => 'local', 'root' => storage_path('app/private')],
    's3' => ['driver' => 's3'],
]];
```

```php app/Livewire/Photo.php
<?php
namespace App\Livewire;

use Livewire\Component;
use Livewire\WithFileUploads;

class Photo extends Component
{
    use WithFileUploads;
}
```

## Good

```json composer.json
{"require": {"laravel/framework": "*", "livewire/livewire": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"},
  {"name": "livewire/livewire", "version": "v3.6.4"}
]}
```

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: FILESYSTEM_DISK, value: s3}
```

```php config/filesystems.php
<?php
return ['default' => env('FILESYSTEM_DISK', 'local'), 'disks' => [
    'local' => ['driver' => 'local', 'root' => storage_path('app/private')],
    's3' => ['driver' => 's3'],
]];
```

```php app/Livewire/Photo.php
<?php
namespace App\Livewire;

use Livewire\Component;
use Livewire\WithFileUploads;

class Photo extends Component
{
    use WithFileUploads;
}
```

## How to fix

`LIVEWIRE_TEMPORARY_FILE_UPLOAD_DISK=s3` in Livewire 4, or `'disk' => 's3'` under
`temporary_file_upload` in `config/livewire.php`; or a volume with ReadWriteMany over
`storage/app`.

## Limits

Components of packages are not looked for. Where a mount may hold the directory, only `--strict`
says so.

## References

- livewire/livewire, Features/SupportFileUploads/FileUploadConfiguration.php, 4.4.1: `disk`.
- Livewire documentation, «File Uploads»: the file is stored by a request of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at, with_code
from holdfast.check.facts.storage import kept
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.packages import packages
from holdfast.project.uploads import uploads
from holdfast.project.values import Unknown

_SETTING = "livewire.temporary_file_upload.disk"
_VARIABLE = "LIVEWIRE_TEMPORARY_FILE_UPLOAD_DISK"


def check(target: Target) -> Iterator[Finding]:
    """Web processes of several replicas with uploads on a disk of their own."""
    for app, directory in with_code(target):
        components = directory.of(uploads)
        if not components or directory.of(packages).get("livewire/livewire") is None:
            continue
        for process in app.processes:
            workload, disk = process.workload, _disk(process)
            if process.role is not Role.WEB or workload is None or not workload.scale.several:
                continue
            settings = process.settings
            if not disk or settings.text(f"filesystems.disks.{disk}.driver") != "local":
                continue
            if not _of_one_pod(process, disk):
                continue
            yield Finding(
                settings.place("filesystems.default"),
                f"Uploads to {app.name} get lost: Livewire keeps them on the disk «{disk}», which"
                f" each of {workload.scale} has for itself.",
                "'disk' => 's3' under temporary_file_upload in config/livewire.php",
                str(process),
                (Related(at(app, components[0]), "a component with uploads"),),
            )


def _disk(process: Process) -> str:
    """The name of the disk; empty where it is not known."""
    found, project = process.settings.get(_SETTING), process.settings.project
    if not isinstance(found, Unknown):
        return str(found.value or process.settings.text("filesystems.default"))
    # The application says nothing: the package's own file has null, or a variable of its own.
    own = project.environment.env(_VARIABLE) if project else None
    unset = found.place == "config/livewire.php" and own is None
    return process.settings.text("filesystems.default") if unset else ""


def _of_one_pod(process: Process, disk: str) -> bool:
    """Whether the directory of a disk is surely on no volume that pods share."""
    project, container = process.settings.project, process.container
    root = process.settings.text(f"filesystems.disks.{disk}.root")
    if project is None or container is None or not root.startswith(f"{project.directory}/"):
        return False
    found = kept(container, root.removeprefix(f"{project.directory}/"))
    return found is not None and found.of_one_pod


RULE = Rule(
    "HF931",
    "livewire-uploads-on-one-pod",
    "Files that are uploaded by Livewire are on one pod only",
    Severity.HIGH,
    check,
    gotchas=("WRK-11",),
)

"""Uploads: where they go, who the pods are there, what is refused."""

from __future__ import annotations

import pytest

from holdfast.kube import storage
from holdfast.kube.environment.gather import variables
from holdfast.kube.identity import account_annotations, pod_labels
from holdfast.kube.refusals.storage import refusals
from holdfast.kube.workers import migrations
from tests.kube.audited import findings, rendered
from tests.kube.conftest import application
from tests.kube.schemas import all_problems

SHARED = {"volume": {"storageClass": "efs"}}
BLOCK = {"volume": {"access": "ReadWriteOnce"}}
ROLE = "arn:aws:iam::123456789012:role/shop"
APP = "/var/www/html/storage/app"


def uploads(to, **spec):
    """An application whose uploads go there."""
    return application(storage={"uploads": to} | spec.pop("storage", {}), **spec)


def names(app, *beginnings):
    return {
        name: value for name, value in variables(app).items() if name.startswith(tuple(beginnings))
    }


def claims(app):
    return [one for one in rendered(app) if one["kind"] == "PersistentVolumeClaim"]


def pods(app):
    """The templates of all pods of the application, by the name of their workload."""
    found = {}
    for one in rendered(app):
        template = one.get("spec", {}).get("template")
        if one["kind"] == "CronJob":
            template = one["spec"]["jobTemplate"]["spec"]["template"]
        if template and template["spec"].get("serviceAccountName") == "shop":
            found[one["metadata"]["name"]] = template["spec"]
    return found


@pytest.mark.parametrize(
    ("laravel", "name"), [(8, "FILESYSTEM_DRIVER"), (9, "FILESYSTEM_DISK"), (13, "FILESYSTEM_DISK")]
)
def test_the_default_disk_by_version(laravel, name):
    app = uploads({"s3": {"bucket": "shop"}}, laravel=laravel)
    assert names(app, "FILESYSTEM") == {name: "s3"}


def test_s3():
    app = uploads({"s3": {"bucket": "shop", "region": "eu-central-1"}})
    assert names(app, "AWS") == {
        "AWS_BUCKET": "shop",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_USE_PATH_STYLE_ENDPOINT": "false",
    }
    assert account_annotations(app) == {}


def test_what_speaks_s3():
    s3 = {
        "bucket": "shop",
        "endpoint": "https://minio.example.com",
        "url": "https://files.example.com",
        "pathStyle": True,
    }
    assert names(uploads({"s3": s3}), "AWS") == {
        "AWS_BUCKET": "shop",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT": "https://minio.example.com",
        "AWS_URL": "https://files.example.com",
        "AWS_USE_PATH_STYLE_ENDPOINT": "true",
    }


def test_gcs():
    account = "shop@acme-shop.iam.gserviceaccount.com"
    app = uploads({"gcs": {"bucket": "shop", "project": "acme-shop", "account": account}})
    assert names(app, "FILESYSTEM", "GOOGLE") == {
        "FILESYSTEM_DISK": "gcs",
        "GOOGLE_CLOUD_PROJECT_ID": "acme-shop",
        "GOOGLE_CLOUD_STORAGE_BUCKET": "shop",
    }
    assert account_annotations(app) == {"iam.gke.io/gcp-service-account": account}
    assert pod_labels(app) == {}


def test_azure():
    client = "01234567-89ab-cdef-0123-456789abcdef"
    app = uploads({"azure": {"account": "acme", "container": "shop", "client": client}})
    assert names(app, "FILESYSTEM", "AZURE") == {
        "AZURE_STORAGE_ACCOUNT_NAME": "acme",
        "AZURE_STORAGE_CONTAINER": "shop",
        "AZURE_STORAGE_ENDPOINT": "https://acme.blob.core.windows.net",
        "FILESYSTEM_DISK": "azure",
    }
    assert account_annotations(app) == {"azure.workload.identity/client-id": client}
    [web] = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in rendered(app)
        if one["kind"] == "Deployment" and one["metadata"]["name"] == "shop-web"
    ]
    assert web["azure.workload.identity/use"] == "true"


@pytest.mark.parametrize(
    "spec",
    [
        {"storage": {"uploads": {"s3": {"bucket": "shop", "role": ROLE}}}},
        {
            "session": {
                "driver": "dynamodb",
                "store": {"dynamodb": {"table": "shop", "region": "us-east-1", "role": ROLE}},
            }
        },
    ],
)
def test_a_role_of_aws(spec):
    assert account_annotations(application(**spec)) == {"eks.amazonaws.com/role-arn": ROLE}


def test_a_shared_volume():
    app = uploads({"volume": {"storageClass": "efs", "size": "50Gi"}}, workers=[{"name": "mail"}])
    assert list(refusals(app)) == []
    [claim] = claims(app)
    assert claim["metadata"]["name"] == "shop-uploads"
    assert claim["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == (
        "Delete=false,Prune=false"
    )
    assert claim["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "50Gi"}},
        "storageClassName": "efs",
        "volumeMode": "Filesystem",
    }
    assert all_problems(rendered(app), app) == []
    assert findings(rendered(app), rules=["HF10", "HF11", "HF93"]) == []


def test_a_claim_that_is_there():
    app = uploads({"volume": {"claim": "files"}})
    assert list(refusals(app)) == []
    assert claims(app) == []
    assert storage.volumes(app, "web") == [
        {"name": "uploads", "persistentVolumeClaim": {"claimName": "files"}}
    ]


def test_who_has_the_volume():
    app = uploads(SHARED, workers=[{"name": "mail"}], scheduler={}, web={"runtime": "fpm-nginx"})
    seen = {}
    for name, spec in pods(app).items():
        there = {volume["name"] for volume in spec["volumes"]}
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            for mount in container["volumeMounts"]:
                assert mount["name"] in there, f"{name}/{container['name']}"
                if mount["name"] == "uploads":
                    kind = name.partition("-")[2].split("-")[0]
                    seen[kind, container["name"]] = mount
        assert ("uploads" in there) is not name.startswith("shop-migrate")
    assert seen["web", "php"] == {"name": "uploads", "mountPath": APP}
    assert seen["web", "nginx"] == {"name": "uploads", "mountPath": APP, "readOnly": True}
    assert not any(container in ("migrate", "prepare", "public") for _, container in seen)


def test_a_part_of_it():
    app = uploads(SHARED, storage={"path": f"{APP}/public"})
    assert list(refusals(app)) == []
    assert storage.mounts(app, "php") == [{"name": "uploads", "mountPath": f"{APP}/public"}]
    assert storage.nginx_mounts(app)[0]["mountPath"] == f"{APP}/public"


@pytest.mark.parametrize(
    ("to", "kind"), [(BLOCK, "Recreate"), (SHARED, "RollingUpdate"), (None, "RollingUpdate")]
)
def test_one_pod_goes_before_the_next_comes_only_with_a_block_device(to, kind):
    app = uploads(to, web={"min": 1}) if to else application(web={"min": 1})
    assert list(refusals(app)) == []
    [web] = [
        one
        for one in rendered(app)
        if one["kind"] == "Deployment" and one["metadata"]["name"] == "shop-web"
    ]
    assert web["spec"]["strategy"]["type"] == kind
    assert all_problems([web], app) == []
    assert findings(rendered(app), rules=["HF10", "HF11", "HF93"]) == []


@pytest.mark.parametrize(
    ("config", "disk"), [({}, "local"), ({"FILESYSTEM_DISK": "public"}, "public")]
)
def test_which_local_disk_a_person_may_say(config, disk):
    assert names(uploads(SHARED, config=config), "FILESYSTEM") == {"FILESYSTEM_DISK": disk}


@pytest.mark.parametrize(
    ("to", "disk"),
    [
        ({"s3": {"bucket": "shop"}}, "s3"),
        ({"gcs": {"bucket": "shop", "project": "acme-shop"}}, "gcs"),
        (SHARED, "local"),
    ],
)
def test_livewires_temporary_uploads_go_where_all_replicas_find_them(to, disk):
    app = uploads(to, storage={"livewire": True})
    assert list(refusals(app)) == []
    assert names(app, "LIVEWIRE") == {"LIVEWIRE_TEMPORARY_FILE_UPLOAD_DISK": disk}
    assert names(uploads(to), "LIVEWIRE") == {}
    said = {one.subject: one for one in storage.decisions(app)}
    assert "Livewire 3" in said["Livewire's temporary uploads"].because
    assert ("CORS of the bucket" in said) is (disk == "s3")


def test_livewire_of_one_replica_may_write_in_its_pod():
    app = application(storage={"livewire": True}, web={"min": 1})
    assert list(refusals(app)) == []
    assert storage.volumes(app, "web") == [{"name": "uploads", "emptyDir": {"sizeLimit": "1Gi"}}]
    assert storage.mounts(app, "php") == [{"name": "uploads", "mountPath": APP}]
    assert storage.nginx_mounts(app) == []
    assert claims(app) == []


def test_without_uploads_nothing_is_mounted(app):
    assert storage.volumes(app, "web") == storage.mounts(app, "php") == []
    assert names(app, "FILESYSTEM", "LIVEWIRE") == {}
    [said] = storage.decisions(app)
    assert said.choice == "read-only"


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ({"s3": {"bucket": "shop"}}, "AWS_SECRET_ACCESS_KEY"),
        ({"s3": {"bucket": "shop", "role": ROLE}}, ROLE),
        ({"gcs": {"bucket": "shop", "project": "acme-shop"}}, "laravel-google-cloud-storage"),
        ({"azure": {"account": "acme", "container": "shop"}}, "AZURE_STORAGE_CONNECTION_STRING"),
        (
            {"azure": {"account": "acme", "container": "shop", "client": "0" * 36}},
            "workload_identity",
        ),
        (SHARED, "network file system"),
        (BLOCK, "users wait"),
    ],
)
def test_decisions(to, words):
    [said] = [one for one in storage.decisions(uploads(to)) if one.subject == "uploads"]
    assert words in said.because


SQLITE = {"database": {"driver": "sqlite"}, "web": {"min": 1}}
FILES = {"session": {"driver": "file"}, "web": {"min": 1}}


def test_sqlite_is_on_the_volume_and_is_migrated_where_it_is():
    app = uploads(BLOCK, **SQLITE)
    assert list(refusals(app)) == []
    assert variables(app)["DB_DATABASE"] == f"{APP}/database.sqlite"
    assert not any(one["kind"] == "Job" for one in rendered(app))
    inits = pods(app)["shop-web"]["initContainers"]
    assert [one["name"] for one in inits][-2:] == ["prepare", "migrate"]
    assert inits[-1]["command"] == ["php", "artisan", "migrate", "--force"]
    assert {"name": "uploads", "mountPath": APP} in inits[-1]["volumeMounts"]
    assert all_problems(rendered(app), app) == []
    assert findings(rendered(app), rules=["HF10", "HF61", "HF81", "HF93"]) == []
    [said] = [one for one in migrations.decisions(app) if one.subject == "migrations"]
    assert said.choice == "in the web pod, before it serves"


def test_sqlite_that_somebody_else_migrates():
    app = uploads(BLOCK, **SQLITE, migrations=None)
    names_ = [one["name"] for one in pods(app)["shop-web"]["initContainers"]]
    assert "migrate" not in names_


@pytest.mark.parametrize("database", [{"driver": "mysql", "host": "db", "name": "shop"}, None])
def test_a_database_server_is_migrated_by_a_job(database):
    app = uploads(BLOCK, web={"min": 1}, database=database)
    assert variables(app).get("DB_DATABASE") == (database or {}).get("name")
    assert any(one["kind"] == "Job" for one in rendered(app))
    names_ = [one["name"] for one in pods(app)["shop-web"]["initContainers"]]
    assert "migrate" not in names_


def test_sessions_in_files_have_a_volume_that_no_disk_leads_to():
    app = uploads({"volume": {"access": "ReadWriteOnce", "storageClass": "fast"}}, **FILES)
    assert list(refusals(app)) == []
    sessions = "/var/www/html/storage/framework/sessions"
    claim = claims(app)[1]
    assert claim["metadata"]["name"] == "shop-session-files"
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert claim["spec"]["storageClassName"] == "fast"
    web = pods(app)["shop-web"]
    seen = {
        container["name"]
        for container in (*web["initContainers"], *web["containers"])
        if {"name": "session-files", "mountPath": sessions} in container["volumeMounts"]
    }
    assert seen == {"php"}
    assert findings(rendered(app), rules=["HF101", "HF102", "HF103", "HF104", "HF105"]) == []
    assert all_problems(rendered(app), app) == []


def test_claims_of_the_first_consumer_are_waited_for_by_nobody():
    """Argo CD waits for a wave to be healthy: a claim that waits for its first pod never is."""
    for claim in claims(uploads(SHARED)):
        assert "argocd.argoproj.io/sync-wave" not in claim["metadata"]["annotations"]


def refused_volume(volume, **spec):
    return {"storage": {"uploads": {"volume": volume}}, **spec}


REFUSED = {
    "nowhere": ({"storage": {"uploads": {}}}, ("storage", "uploads"), "one place"),
    "two places": (
        {"storage": {"uploads": {"s3": {"bucket": "shop"}} | SHARED}},
        ("storage", "uploads"),
        "one place",
    ),
    "two roles": (
        {
            "storage": {"uploads": {"s3": {"bucket": "shop", "role": ROLE}}},
            "session": {
                "store": {"dynamodb": {"table": "s01", "region": "us-east-1", "role": f"{ROLE}2"}}
            },
        },
        ("storage", "uploads", "s3", "role"),
        "one role",
    ),
    "two regions": (
        {
            "storage": {"uploads": {"s3": {"bucket": "shop"}}},
            "session": {"store": {"dynamodb": {"table": "s01", "region": "eu-west-1"}}},
        },
        ("storage", "uploads", "s3", "region"),
        "eu-west-1",
    ),
    "a queue's region": (
        {
            "storage": {"uploads": {"s3": {"bucket": "shop"}}},
            "queue": {"sqsQueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/jobs"},
        },
        ("storage", "uploads", "s3", "region"),
        "queues",
    ),
    "a class for a claim that is there": (
        refused_volume({"claim": "files", "storageClass": "efs"}),
        ("storage", "uploads", "volume", "storageClass"),
        "has a class already",
    ),
    "a shared volume of the default class": (
        refused_volume({}),
        ("storage", "uploads", "volume"),
        "wait for ever",
    ),
    "a block device of two replicas": (
        refused_volume({"access": "ReadWriteOnce"}),
        ("storage", "uploads", "volume", "access"),
        "web.max",
    ),
    "a block device of more replicas later": (
        refused_volume({"access": "ReadWriteOnce"}, web={"min": 1, "max": 2}),
        ("storage", "uploads", "volume", "access"),
        "web.max",
    ),
    "a block device of workers": (
        refused_volume({"access": "ReadWriteOnce"}, web={"min": 1}, workers=[{"name": "mail"}]),
        ("storage", "uploads", "volume", "access"),
        "workers",
    ),
    "a block device of the scheduler": (
        refused_volume({"access": "ReadWriteOnce"}, web={"min": 1}, scheduler={}),
        ("storage", "uploads", "volume", "access"),
        "scheduler",
    ),
    "a path without a volume": (
        {"storage": {"path": APP}},
        ("storage", "path"),
        "no volume",
    ),
    "Livewire on several replicas": (
        {"storage": {"livewire": True}},
        ("storage", "livewire"),
        "another",
    ),
    "Livewire beside the volume": (
        {"storage": {"uploads": SHARED, "path": f"{APP}/public", "livewire": True}},
        ("storage", "path"),
        f"{APP}/private",
    ),
    "SQLite over the network": (
        refused_volume({"storageClass": "efs"}, **SQLITE),
        ("storage", "uploads", "volume", "access"),
        "locks",
    ),
    "sessions over the network": (
        refused_volume({"storageClass": "efs"}, **FILES),
        ("storage", "uploads", "volume", "access"),
        "one pod",
    ),
    "SQLite among what is served": (
        {"storage": {"uploads": BLOCK, "path": f"{APP}/public"}, **SQLITE},
        ("storage", "path"),
        "handed out",
    ),
    "files of the pod": (
        {"config": {"FILESYSTEM_DISK": "public"}},
        ("config", "FILESYSTEM_DISK"),
        "404",
    ),
} | {
    f"a volume at {path}": (
        {"storage": {"uploads": SHARED, "path": path}},
        ("storage", "path"),
        "each pod's own",
    )
    for path in (
        "/var/www/html",
        "/var/www/html/storage",
        "/var/www/html/storage/framework",
        "/var/www/html/storage/application",
        "/var/www/html/bootstrap/cache",
        "/tmp",
    )
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    spec, path, reason = REFUSED[case]
    [refusal] = refusals(application(**spec))
    assert refusal.path == path
    assert reason in refusal.reason
    assert refusal.way_out
    assert not refusal.reason.endswith(".")


@pytest.mark.parametrize(
    "spec",
    [
        {"storage": {"uploads": SHARED, "path": f"{APP}/private", "livewire": True}},
        {"storage": {"uploads": SHARED, "path": APP, "livewire": True}, "laravel": 10},
        {"config": {"FILESYSTEM_DISK": "public"}, "web": {"min": 1}},
        {"config": {"FILESYSTEM_DISK": "public"}, "storage": {"uploads": SHARED}},
    ],
)
def test_taken(spec):
    assert list(refusals(application(**spec))) == []

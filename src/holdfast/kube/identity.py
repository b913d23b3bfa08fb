"""Who the application's pods are in a cloud: workload identity by the annotations of their account.

EKS: ``eks.amazonaws.com/role-arn`` (IAM roles for service accounts; its webhook mounts a token of
its own, so the account's stays unmounted). GKE: ``iam.gke.io/gcp-service-account``. AKS:
``azure.workload.identity/client-id``, and a label of the pods that its webhook looks for.
"""

from __future__ import annotations

from holdfast.kube.app import App


def aws_role(app: App) -> str | None:
    """The IAM role of uploads and of sessions in DynamoDB; they have the same, or are refused."""
    uploads, store = app.spec.storage.uploads, app.spec.session.store
    of_uploads = uploads.s3.role if uploads and uploads.s3 else None
    of_sessions = store.dynamodb.role if store and store.dynamodb else None
    return of_uploads or of_sessions


def account_annotations(app: App) -> dict[str, str]:
    """Of the ServiceAccount that all pods of the application have."""
    uploads = app.spec.storage.uploads
    names = {
        "azure.workload.identity/client-id": uploads.azure.client
        if uploads and uploads.azure
        else None,
        "eks.amazonaws.com/role-arn": aws_role(app),
        "iam.gke.io/gcp-service-account": uploads.gcs.account if uploads and uploads.gcs else None,
    }
    return {name: value for name, value in names.items() if value is not None}


def pod_labels(app: App) -> dict[str, str]:
    """Of their pods."""
    azure = "azure.workload.identity/client-id" in account_annotations(app)
    return {"azure.workload.identity/use": "true"} if azure else {}

"""One region for all of AWS: a stock Laravel reads AWS_DEFAULT_REGION for S3, SQS and DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.environment.queue import sqs_region
from holdfast.kube.init.commented import Block, Line


def one_region(spec: Block) -> None:
    """Where services are in several regions, mark those of the table and the bucket as gaps."""
    places = list(_regions(spec))
    said = sqs_region(str(_at(spec, "queue", "sqsQueueUrl").content))
    regions = dict.fromkeys(
        [*([said] if said else []), *(str(b["region"].content) for b in places)]
    )
    if len(regions) < 2:
        return
    first = next(iter(regions))
    for block in places:
        block["region"] = Line(
            first, fill=f"one region for all of AWS; the project has {' and '.join(regions)}"
        )


def _regions(spec: Block) -> Iterator[Block]:
    for path in (("session", "store", "dynamodb"), ("storage", "uploads", "s3")):
        block = _at(spec, *path).content
        if isinstance(block, dict) and "region" in block:
            yield block


def _at(block: Block, *path: str) -> Line:
    line = Line("")
    for step in path:
        line = block.get(step, Line(""))
        block = line.content if isinstance(line.content, dict) else {}
    return line

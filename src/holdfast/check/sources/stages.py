"""The stages of a Dockerfile, and what holds at the end of one.

Rules of inheritance as in BuildKit (moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go,
August 2026). What a base image from elsewhere brings is not known here.
"""

from __future__ import annotations

import re
from dataclasses import replace

from holdfast.check.sources.docker_words import Value, expanded, split
from holdfast.check.sources.dockerfile import Dockerfile, Instruction
from holdfast.check.sources.stage import Base, Copy, Effective, Process, Run, Stage
from holdfast.manifests.text import Text

_ASSIGNED = re.compile(r"([^\s=]+)=")


def stages(dockerfile: Dockerfile) -> tuple[Stage, ...]:
    """The stages of a file, in their order."""
    arguments: dict[str, Value] = {}
    found: list[Stage] = []
    body: list[Instruction] = []
    for instruction in dockerfile.instructions:
        if instruction.name == "FROM":
            found = _with_body(found, body)
            body = []
            found.append(_stage(instruction, dockerfile.escape, arguments, found))
        elif found:
            body.append(instruction)
        elif instruction.name == "ARG":
            arguments |= _arguments(instruction, dockerfile.escape, arguments, {})
    return tuple(_with_body(found, body))


def effective(dockerfile: Dockerfile, target: str | None = None) -> Effective | None:
    """What holds at the end of a stage.

    Args:
        dockerfile: the file.
        target: a stage's name or index; by default the last.

    Returns:
        None where there is no such stage.
    """
    every = stages(dockerfile)
    stage = every[-1] if target is None else stage_named(every, target)
    if stage is None:
        return None
    chain = [stage]
    while chain[0].base.stage is not None:
        chain.insert(0, every[chain[0].base.stage])
    top = _arguments_of_top(dockerfile)
    result = Effective(tuple(chain))
    for part in chain:
        result = _after(result, part, dockerfile.escape, top)
    return result


def stage_named(every: tuple[Stage, ...], target: str) -> Stage | None:
    """The stage of a name or an index."""
    for stage in every:
        if target.lower() == stage.name or target == str(stage.index):
            return stage
    return None


def _with_body(found: list[Stage], body: list[Instruction]) -> list[Stage]:
    return [*found[:-1], replace(found[-1], instructions=tuple(body))] if found else []


def _stage(
    instruction: Instruction, escape: str, arguments: dict[str, Value], before: list[Stage]
) -> Stage:
    words = split(instruction.arguments, escape)
    name = ""
    if len(words) == 3 and words[1].string.upper() == "AS":
        name = words[2].string.lower()
    if not words:
        return Stage(len(before), name, Base(None, instruction.place), instruction.place, ())
    reference = expanded(words[0], escape, arguments)
    text = reference.text or None
    named = [stage.index for stage in before if stage.name and stage.name == (text or "").lower()]
    base = Base(
        text,
        reference.place,
        words[0].string,
        named[-1] if named else None,
        instruction.flag("platform"),
        reference.assumed,
    )
    return Stage(len(before), name, base, instruction.place, ())


def _arguments(
    instruction: Instruction,
    escape: str,
    variables: dict[str, Value],
    top: dict[str, Value],
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for word in split(instruction.arguments, escape):
        name, sign, _ = word.string.partition("=")
        if sign:
            value = expanded(word.part(len(name) + 1), escape, variables | found)
            found[name] = replace(value, assumed=(*value.assumed, name))
        else:
            found[name] = top.get(name, Value(None, word.place()))
    return found


def _arguments_of_top(dockerfile: Dockerfile) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for instruction in dockerfile.instructions:
        if instruction.name == "FROM":
            break
        if instruction.name == "ARG":
            found |= _arguments(instruction, dockerfile.escape, found, {})
    return found


def _after(result: Effective, stage: Stage, escape: str, top: dict[str, Value]) -> Effective:
    """What holds after one more stage."""
    arguments: dict[str, Value] = {}
    cmd_is_set = False
    for instruction in stage.instructions:
        variables = arguments | result.env
        match instruction.name:
            case "ARG":
                arguments |= _arguments(instruction, escape, variables, top)
            case "ENTRYPOINT" if not cmd_is_set:
                entrypoint = _process(instruction)
                result = replace(result, entrypoint=entrypoint, cmd=None, cmd_reset=True)
            case "CMD":
                cmd_is_set = True
                result = replace(result, cmd=_process(instruction), cmd_reset=False)
            case _:
                result = _applied(result, instruction, escape, variables)
    return result


def _applied(
    result: Effective, instruction: Instruction, escape: str, variables: dict[str, Value]
) -> Effective:
    """What holds after an instruction that depends on nothing but what held before it."""
    match instruction.name:
        case "ENV":
            return replace(result, env=result.env | _env(instruction, escape, variables))
        case "STOPSIGNAL":
            return replace(result, stop_signal=expanded(instruction.arguments, escape, variables))
        case "USER":
            return replace(result, user=expanded(instruction.arguments, escape, variables))
        case "WORKDIR":
            return replace(result, workdir=_workdir(result, instruction, escape, variables))
        case "RUN":
            return replace(result, steps=(*result.steps, Run(instruction, result.workdir)))
        case "COPY" | "ADD":
            copy = _copy(instruction, escape, variables, result.workdir)
            return replace(result, steps=(*result.steps, copy)) if copy else result
        case "ENTRYPOINT":
            return replace(result, entrypoint=_process(instruction))
        case "HEALTHCHECK":
            return replace(result, healthcheck=_process(instruction))
        case _:
            return result


def _env(instruction: Instruction, escape: str, variables: dict[str, Value]) -> dict[str, Value]:
    words = split(instruction.arguments, escape)
    if not words:
        return {}
    if "=" not in words[0].string:
        name = words[0].string
        value = instruction.arguments.part(len(name))
        blanks = len(value.string) - len(value.string.lstrip())
        return {name: expanded(value.part(blanks), escape, variables)}
    found = {}
    for word in words:
        if assigned := _ASSIGNED.match(word.string):
            found[assigned[1]] = expanded(word.part(assigned.end()), escape, variables)
    return found


def _workdir(
    result: Effective, instruction: Instruction, escape: str, variables: dict[str, Value]
) -> str | None:
    path = expanded(instruction.arguments, escape, variables).text
    if path is None or path.startswith("/"):
        return path
    return f"{result.workdir}/{path}" if result.workdir else None


def _copy(
    instruction: Instruction, escape: str, variables: dict[str, Value], workdir: str | None
) -> Copy | None:
    if instruction.words is not None:
        written = [Text.at(word, instruction.place) for word in instruction.words]
    else:
        written = split(instruction.arguments, escape)
    if len(written) < 2:
        return None
    values = [expanded(word, escape, variables) for word in written]
    sources = tuple(value for value in values[:-1] if "<<" not in (value.text or ""))
    return Copy(sources, values[-1], instruction.flag("from"), workdir, instruction)


def _process(instruction: Instruction) -> Process:
    return Process(instruction.words, instruction.script, instruction.place)

"""Instructions, stages and what holds at the end of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.sources import dockerfile, shell, stages
from holdfast.check.sources.dockerfile import Dockerfile
from holdfast.check.sources.stage import Effective
from holdfast.manifests.place import Place
from holdfast.manifests.unreadable import Unreadable


def read(text: str) -> Dockerfile:
    found = dockerfile.read(text.encode(), "Dockerfile")
    assert isinstance(found, Dockerfile)
    return found


def effective(text: str, target: str | None = None) -> Effective:
    found = stages.effective(read(text), target)
    assert found is not None
    return found


def test_continued_lines_comments_and_directives():
    found = read(
        "# syntax=docker/dockerfile:1\n"
        "FROM php:8.2\n"
        "\n"
        "run a && \\\n"
        "  # a comment\n"
        "\n"
        "    b \\  \n"
        "  && c\n"
    )
    assert [i.name for i in found.instructions] == ["FROM", "RUN"]
    assert found.instructions[1].place == Place("Dockerfile", 4, 1, 8, 7)
    script = found.instructions[1].script
    assert script is not None
    assert [(c.name, c.place.line, c.place.column) for c in shell.read(script).commands] == [
        ("a", 4, 5), ("b", 7, 5), ("c", 8, 6),
    ]  # fmt: skip


def test_the_escape_directive():
    found = read("# escape=`\nFROM x\nRUN a `\n b\\\nCMD c\n")
    assert [i.name for i in found.instructions] == ["FROM", "RUN", "CMD"]
    assert read("# hello\n# escape=`\nFROM x\nRUN a `\n").escape == "\\"


def test_heredocs_are_no_instructions():
    found = read(
        "FROM x\nRUN <<EOF\nFROM y\na\nEOF\nRUN cat <<A >f && b <<-'B'\n1\nA\n\t2\n\tB\n"
        'COPY <<"run.sh" /run.sh\nexec x\nrun.sh\nRUN echo "a <<EOF b"\nCMD ["a"]\n'
    )
    assert [i.name for i in found.instructions] == ["FROM", "RUN", "RUN", "COPY", "RUN", "CMD"]
    first, second, copy = found.instructions[1:4]
    assert first.script is not None
    assert first.script.string == "FROM y\na\n"
    assert second.script is not None
    assert [c.name for c in shell.read(second.script).commands] == ["cat", "b"]
    assert copy.heredocs[0].content.string == "exec x\n"
    assert copy.heredocs[0].content.place().line == 12
    assert isinstance(dockerfile.read(b"FROM x\nRUN <<EOF\na\n", "f"), Unreadable)


def test_forms_and_flags():
    found = read(
        'FROM x\nRUN --mount=type=cache,target=/c --network=none ["a", "b c"]\n'
        'CMD ["a" "b"]\nCOPY --from=b --chown=1:1 c d\n'
    )
    _, run, cmd, copy = found.instructions
    assert run.words == ("a", "b c")
    assert run.flag("network") == "none"
    assert cmd.words is None  # as Docker does: no JSON, so a shell is given it
    assert copy.flags == (("from", "b"), ("chown", "1:1"))
    assert copy.arguments.string == "c d"


def test_stages_and_their_bases():
    found = stages.stages(
        read(
            "ARG VERSION=8.2\nARG NONE\nFROM --platform=linux/arm64 php:${VERSION}-fpm AS Base\n"
            "FROM registry:5000/a/b@sha256:0f\nFROM base\nFROM $NONE\nFROM scratch:1 as x\n"
        )
    )
    assert [(s.name, s.base.reference, s.base.stage) for s in found] == [
        ("base", "php:8.2-fpm", None), ("", "registry:5000/a/b@sha256:0f", None),
        ("", "base", 0), ("", None, None), ("x", "scratch:1", None),
    ]  # fmt: skip
    php, registry = found[0].base, found[1].base
    assert (php.name, php.tag, php.digest) == ("php", "8.2-fpm", None)
    assert (php.platform, php.assumed) == ("linux/arm64", ("VERSION",))
    assert (registry.name, registry.tag) == ("registry:5000/a/b", None)
    assert registry.digest == "sha256:0f"


def test_environment():
    env = effective(
        "ARG TOP=t\nFROM x\nARG TOP\nARG A=1\nENV B=$A C=\"b $B\" D='$A' E=\\$A F=${A}x G=${B:-z}\n"
        'ENV OLD some "style"\nENV H=${B:-z} I=${B:+y} J=${A-z} K=${Q:-q} L=${A%1} M=$TOP N=\n'
    ).env
    assert {name: value.text for name, value in env.items()} == {
        "B": "1", "C": None, "D": "$A", "E": "$A", "F": "1x", "G": None, "OLD": "some style",
        "H": "1", "I": "y", "J": "1", "K": None, "L": None, "M": "t", "N": "",
    }  # fmt: skip
    assert env["F"].assumed == ("A",)
    assert env["F"].place.line == 5


def test_what_a_stage_takes_over():
    text = (
        "FROM php AS base\nENV A=1\nUSER root\nWORKDIR /app\nSTOPSIGNAL SIGTERM\n"
        'ENTRYPOINT ["/e"]\nCMD ["c"]\nRUN one\n'
        "FROM node AS assets\nRUN build\n"
        "FROM base AS web\nRUN two\nWORKDIR public\nCOPY --from=assets /a b\n"
        'FROM web\nENTRYPOINT ["/f"]\n'
    )
    web = effective(text, "WEB")
    assert web.base.reference == "php"
    assert [run.instruction.arguments.string for run in web.runs] == ["one", "two"]
    assert web.workdir == "/app/public"
    assert web.entrypoint
    assert web.cmd
    assert (web.entrypoint.words, web.cmd.words) == (("/e",), ("c",))
    assert web.copies[0].origin == "assets"
    assert [(value.text) for value in web.copies[0].sources] == ["/a"]
    last = effective(text)
    assert last.cmd is None
    assert last.cmd_reset
    assert stages.effective(read(text), "nowhere") is None


def test_an_entrypoint_behind_a_cmd_leaves_it():
    found = effective('FROM x\nCMD ["c"]\nENTRYPOINT ["/e"]\n')
    assert found.cmd is not None
    assert not found.cmd_reset


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"hello", b"# FROM x", b"x" * 2_000_000, b"RUN a\n" * 10_000]
)
def test_what_is_no_dockerfile(data):
    assert isinstance(dockerfile.read(data, "f"), Unreadable)


PIECES = st.sampled_from([
    "FROM ", "x", " AS ", "a", "\n", " ", "\\", "\\\n", "`", "# escape=`\n", "RUN ", "<<EOF",
    "EOF", "ENV ", "A=", "$A", "${A", ":-", "}", '"', "'", "[", "]", ",", "--from=", "COPY ",
    "ARG ", "CMD ", "ENTRYPOINT ", "USER ", "STOPSIGNAL ", "WORKDIR ", "#", "é", "\xa0", "\t",
])  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map("FROM a\n".join)))
def test_it_never_raises(data):
    found = dockerfile.read(data.encode() if isinstance(data, str) else data, "x")
    if isinstance(found, Dockerfile):
        for stage in stages.stages(found):
            assert stages.effective(found, str(stage.index))


@pytest.mark.parametrize("piece", ["\\\n", "<<a ", "[", '"', "$A", "${", "A=$A$A ", "a ", "\\"])
@pytest.mark.parametrize("name", ["RUN", "ENV", "COPY", "FROM"])
def test_much_of_the_same(name, piece):
    found = dockerfile.read(f"FROM a\n{name} {piece * (60_000 // len(piece))}".encode(), "x")
    if isinstance(found, Dockerfile):
        stages.effective(found)


def test_values_do_not_grow_without_end():
    text = "FROM a\nENV A=xxxxxxxxxxxxxxxx\n" + "ENV A=$A$A\n" * 100
    assert effective(text).env["A"].text is None

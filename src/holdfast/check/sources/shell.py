"""The commands of a shell script, each with the conditions under which it is reached.

A script is read, not run: no variable has a value here. What is said is certain for shells that
keep to POSIX (IEEE Std 1003.1-2017, XCU 2.9, 2.10); what is not understood ends the reading.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from holdfast.check.sources.command import Command, Redirection, Script, Word
from holdfast.check.sources.shell_frame import Frame
from holdfast.check.sources.shell_functions import Functions
from holdfast.check.sources.shell_tokens import Lost, Token, tokens
from holdfast.manifests.place import Place
from holdfast.manifests.text import Text
from holdfast.manifests.unreadable import Unreadable

MAX_DEPTH: Final = 8
"""Scripts within scripts: ``sh -c "... $(...)"``."""
_MAX_FRAMES: Final = 64
_GUARD_CHARACTERS: Final = 120
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=", re.ASCII)
SHELLS: Final = frozenset(("sh", "bash", "ash", "dash"))
"""Programs that read what is here called a script."""
_RUNS_A_TEXT: Final = {*SHELLS, "su", "runuser"}
_ASKS: Final = {"[", "[[", "test", "((", "!", "command", "which", "type", "hash", "grep", "false"}
_OPENS: Final = {"if", "while", "until", "for", "select", "case", "{"}
_CLOSES: Final = {"fi": "if", "done": "loop", "esac": "case", "}": "{", ")": "("}
_KEYWORDS: Final = _OPENS | {*_CLOSES, "then", "elif", "else", "do", "function", "[[", "!"} - {")"}


def read(text: Text) -> Script:
    """The commands of a script."""
    reader = _Reader(text, 0)
    unreadable = reader.run()
    commands = reader.functions.released(reader.commands)
    return Script(tuple(commands), reader.ends_with, unreadable)


def of_words(words: list[str], place: Place) -> Script:
    """The commands of a list that is run without a shell: a container's ``command``, exec form."""
    made = tuple(Word(word, word, place) for word in words)
    if not made:
        return Script(())
    command = Command(made, place)
    inner = [
        replace(below, depth=1 + below.depth)
        for script in _texts_of(made)
        for below in read(Text.at(script.value or "", place)).commands
    ]
    return Script((command, *inner), command)


def _texts_of(words: tuple[Word, ...]) -> list[Word]:
    """The words that another shell takes for a script."""
    for at, word in enumerate(words):
        name = (word.value or "").rpartition("/")[2]
        if name in _RUNS_A_TEXT:
            for option, script in zip(words[at + 1 :], words[at + 2 :], strict=False):
                if re.fullmatch(r"-[a-z]*c|--command", option.value or ""):
                    return [script] if script.value is not None else []
    if (words[0].value or "").rpartition("/")[2] == "ssh" and " " in (words[-1].value or ""):
        return [words[-1]]
    return []


class _Reader:
    """One pass over the tokens of a script."""

    def __init__(self, text: Text, depth: int) -> None:
        self.text, self.depth = text, depth
        self.commands: list[Command] = []
        self.ends_with: Command | None = None
        self.functions = Functions()
        self._frames = [Frame("", ())]
        self._ended = ""
        self._function = ""
        self._tokens: list[Token] = []
        self._at = 0
        self._reset()

    def run(self) -> Unreadable | None:
        """Read; what is in ``commands`` then is certain."""
        lost: Lost | None = None
        try:
            for token in tokens(self.text.string):
                self._tokens.append(token)
        except Lost as stopped:
            lost = stopped
        try:
            while self._at < len(self._tokens) and self.ends_with is None:
                self._step(self._tokens[self._at])
                self._at += 1
            if lost is None:
                self._end_command()
                if len(self._frames) > 1 and self.ends_with is None:
                    raise Lost(len(self.text.string), "a compound command is not closed")
        except Lost as stopped:
            lost = lost if lost and lost.offset < stopped.offset else stopped
        if lost is None or self.ends_with is not None:
            return None
        return Unreadable(self.text.place(lost.offset, lost.offset), str(lost))

    def _reset(self) -> None:
        self._words: list[Token] = []
        self._assignments: list[Token] = []
        self._redirections: list[tuple[Token, Token]] = []

    @property
    def _empty(self) -> bool:
        return not (self._words or self._assignments or self._redirections)

    def _step(self, token: Token) -> None:
        frame = self._frames[-1]
        if token.kind == "operator":
            self._operator(token, frame)
        elif token.kind == "redirection":
            self._redirection(token)
        elif frame.pattern:
            self._pattern(token, frame)
        elif self._empty and token.text in _KEYWORDS:
            self._keyword(token, frame)
        else:
            frame.begin(token.start)
            if not self._words and _ASSIGNMENT.match(token.text):
                self._assignments.append(token)
            else:
                self._words.append(token)

    def _redirection(self, token: Token) -> None:
        after = self._at + 1
        if after >= len(self._tokens) or self._tokens[after].kind != "word":
            raise Lost(token.start, "nothing stands behind a redirection")
        self._at = after
        self._redirections.append((token, self._tokens[after]))

    def _operator(self, token: Token, frame: Frame) -> None:
        operator = token.text
        if frame.pattern:
            if operator == ")":
                frame.pattern = False
                frame.guard = self._between(frame.asked, token.start, f"case {frame.subject} in ")
            return
        if operator == "(":
            self._parenthesis(token)
        elif operator == ")":
            self._end_command()
            self._close(token, "(")
        elif operator in {";;", ";&", ";;&"}:
            self._end_command()
            frame.new_list()
            if frame.kind != "case":
                raise Lost(token.start, f"{operator} stands outside a case")
            frame.pattern, frame.asked, frame.guard = True, -1, ""
        elif operator in {"&&", "||"}:
            asks = self._asks()
            self._end_command()
            self._chain(token, frame, asks=asks)
        elif operator in {"|", "|&"}:
            self._end_command()
        else:
            self._end_command(background=operator == "&")
            frame.new_list()

    def _chain(self, token: Token, frame: Frame, *, asks: bool) -> None:
        start = frame.list_start if frame.list_start >= 0 else token.start
        if token.text == "||":
            frame.chain = [self._between(start, token.start, "! (") + ")"]
        elif frame.chain and frame.chain[-1].startswith("! ("):
            frame.chain = []
        if token.text == "&&" and asks:
            frame.chain.append(self._between(start, token.start))

    def _parenthesis(self, token: Token) -> None:
        if len(self._words) == 1 and self._peek(1) == ")" and not self._assignments:
            self._function = self._words[0].text
            self._at += 1
            self._reset()
        elif self._empty and self._peek(1) == "(" and self._tokens[self._at + 1].start == token.end:
            self._arithmetic()
        elif self._empty:
            self._open("(", token)
        else:
            raise Lost(token.start, "a bracket stands where none is expected")

    def _arithmetic(self) -> None:
        start, opened = self._tokens[self._at].start, 0
        while self._at < len(self._tokens):
            opened += {"(": 1, ")": -1}.get(self._tokens[self._at].text, 0)
            if opened <= 0:
                return
            self._at += 1
        raise Lost(start, "a bracket is not closed")

    def _peek(self, ahead: int) -> str:
        at = self._at + ahead
        return self._tokens[at].text if at < len(self._tokens) else ""

    def _keyword(self, token: Token, frame: Frame) -> None:  # noqa: PLR0912 - a case a keyword
        match token.text:
            case "{":
                self._open("{", token)
            case "if":
                self._open("if", token).asked = token.end
            case "while" | "until":
                self._open("loop", token).asked = token.start
            case "for" | "select":
                self._for(token)
            case "case":
                self._case(token)
            case "then" | "do":
                if frame.kind == "if" or (frame.kind == "loop" and not frame.guard):
                    frame.guard = self._between(frame.asked, token.start)
                frame.new_list()
            case "elif" | "else" if frame.kind == "if":
                frame.refuse(f"! ({frame.guard})")
                frame.guard, frame.asked = "", token.end
                frame.new_list()
            case "fi" | "done" | "esac" | "}":
                self._close(token, _CLOSES[token.text])
            case "function":
                self._at += 1
                self._function = self._peek(0)
                if self._peek(1) == "(" and self._peek(2) == ")":
                    self._at += 2
            case "[[":
                self._double_brackets(token)
            case "!":
                frame.begin(token.start)
                self._words.append(token)
            case _:
                raise Lost(token.start, f"«{token.text}» stands where it is not expected")

    def _double_brackets(self, token: Token) -> None:
        self._frames[-1].begin(token.start)
        while self._at < len(self._tokens):
            current = self._tokens[self._at]
            if current.kind == "word":
                self._words.append(current)
            if current.text == "]]":
                return
            self._at += 1
        raise Lost(token.start, "«[[» is not closed")

    def _for(self, token: Token) -> None:
        frame = self._open("loop", token)
        if self._peek(1) == "(":
            self._at += 1
            self._arithmetic()
        while self._at + 1 < len(self._tokens) and self._peek(1) not in {";", "\n", "do"}:
            self._at += 1
        end = self._tokens[min(self._at, len(self._tokens) - 1)].end
        frame.guard = self._between(token.start, end)

    def _case(self, token: Token) -> None:
        frame = self._open("case", token)
        frame.subject, self._at = self._peek(1), self._at + 1
        while self._peek(1) == "\n":
            self._at += 1
        if self._peek(1) != "in":
            raise Lost(token.start, "a case has no «in»")
        self._at += 1
        frame.pattern = True

    def _pattern(self, token: Token, frame: Frame) -> None:
        if token.text == "esac" and frame.asked < 0:
            frame.pattern = False
            self._close(token, "case")
        elif frame.asked < 0:
            frame.asked = token.start

    def _open(self, kind: str, token: Token) -> Frame:
        frame = self._frames[-1]
        if len(self._frames) >= _MAX_FRAMES:
            raise Lost(token.start, "compound commands are nested too deeply")
        frame.begin(token.start)
        opened = Frame(kind, frame.guards())
        if self._function:
            opened.outer = (*opened.outer, f"{self._function}()")
            opened.function, self._function = self._function, ""
            elsewhere = any(other.kind == "(" for other in self._frames)
            self.functions.define(opened.function, elsewhere=elsewhere)
        self._frames.append(opened)
        return opened

    def _close(self, token: Token, kind: str) -> None:
        if self._frames[-1].kind != kind:
            raise Lost(token.start, f"«{token.text}» closes nothing")
        self._frames.pop()

    def _asks(self) -> bool:
        """Whether what comes next depends on an answer, not on a success alone."""
        if not self._words:
            return self._frames[-1].asked_within
        name = self._words[0].text
        return name in _ASKS or name in self.functions

    def _has_asked(self) -> None:
        """Take note in all that is open and has the answer for its own."""
        if self._asks():
            for frame in reversed(self._frames):
                frame.asked_within = True
                if frame.in_condition:
                    break

    def _between(self, start: int, end: int, before: str = "") -> str:
        cut = self.text.string[start : min(end, start + 4 * _GUARD_CHARACTERS)]
        guard = " ".join(cut.split()).rstrip("; ")
        if len(guard) > _GUARD_CHARACTERS:
            guard = guard[: _GUARD_CHARACTERS - 1] + "…"
        return before + guard

    def _end_command(self, *, background: bool = False) -> None:
        words, assignments, redirections = self._words, self._assignments, self._redirections
        if words:
            self._has_asked()
        self._reset()
        guards = self._frames[-1].guards()
        if self._ended:
            guards = (self._ended, *guards)
        if words:
            command = Command(
                tuple(map(self._word, words)),
                self.text.place(words[0].start, words[-1].end),
                tuple((_name_of(token), self._assigned(token)) for token in assignments),
                tuple(Redirection(sign.text, self._word(target)) for sign, target in redirections),
                guards,
                self.depth,
                background,
            )
            self.commands.append(command)
            for frame in self._frames:
                if frame.function:
                    self.functions.calls(frame.function, command.name)
            self._ending(command)
        for token in [*words, *assignments, *(target for _, target in redirections)]:
            for start, end in token.inner:
                self._inner(self.text.part(start, end), guards)
        if not words:
            return
        for script in self._scripts(words):
            self._inner(script, guards)
        if command.name in SHELLS and len(words) == 1:
            for sign, _ in redirections:
                for start, end in sign.inner:
                    self._inner(self.text.part(start, end), guards)

    def _ending(self, command: Command) -> None:
        """Whether nothing comes after a command, or perhaps nothing."""
        values = command.values()
        executes = command.name == "exec" and len(values) > 1
        called = self.functions.may_end(command.name)
        if not (executes or called or command.name in {"exit", "return"}):
            return
        if command.name == "exit" and values[1:] not in ([], ["0"]) and command.guards:
            return  # a failure, as of any command
        end = self.functions.end(command.name) if called else command
        scopes = [frame for frame in self._frames if frame.function or frame.kind == "("]
        if scopes:
            self._leave(scopes[-1], end, command)
        elif command.guards or end is None or command.name == "return":
            self._ended = self._ended or _unless(command, command.guards)
        else:
            self.ends_with = end

    def _leave(self, scope: Frame, end: Command | None, command: Command) -> None:
        """What comes later in a function or a subshell is not reached, or perhaps not."""
        within = self._frames[-1].guards()[len(scope.outer) :]
        scope.refuse(_unless(command, within))
        outside = self._frames[: self._frames.index(scope)]
        if any(frame.kind == "(" for frame in outside):
            return
        if scope.function and command.name != "return":
            self.functions.ends(scope.function, None if within else end)

    def _scripts(self, words: list[Token]) -> list[Text]:
        """Texts among a command's words that another shell is handed, with their places."""
        made = tuple(Word(token.value, token.text, Place("")) for token in words)
        found = []
        for script in _texts_of(made):
            token = words[made.index(script)]
            quoted = script.text[1:-1]
            if script.value == quoted:
                found.append(self.text.part(token.start + 1, token.end - 1))
            else:
                found.append(Text.at(script.value or "", self.text.place(token.start, token.end)))
        return found

    def _inner(self, text: Text, guards: tuple[str, ...]) -> None:
        if self.depth + 1 >= MAX_DEPTH:
            return
        reader = _Reader(text, self.depth + 1)
        reader.run()
        self.commands += [
            replace(command, guards=(*guards, *command.guards)) for command in reader.commands
        ]

    def _word(self, token: Token) -> Word:
        return Word(token.value, token.text, self.text.place(token.start, token.end))

    def _assigned(self, token: Token) -> Word:
        place = self.text.place(token.start, token.end)
        value = None if token.value is None else token.value.partition("=")[2]
        return Word(value, token.text.partition("=")[2], place)


def _unless(command: Command, guards: tuple[str, ...]) -> str:
    return f"! ({' && '.join(guards or (command.words[0].text,))})"


def _name_of(token: Token) -> str:
    match = _ASSIGNMENT.match(token.text)
    return match[1] if match else ""

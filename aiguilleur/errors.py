"""Every exception of this package, in one tree.

Sources that are down, slow or odd are not exceptions: they are findings (see `core.model.Finding`). What remains is
broken configuration, broken signatures and bugs.

* AiguilleurError
  x SettingsError         the configuration is wrong; carries every problem
  x ThemeError            what a deployment puts over the pages cannot be read
  x SecretError           the signing keys are missing, too short or readable by all
  x TokenError            a signed value that is not ours, or no longer good
  x JournalError          a journal that cannot be read
  x StoreError            the shared store did not answer as it must; never leaves `probes.shared`
"""

from __future__ import annotations

from dataclasses import dataclass


class AiguilleurError(Exception):
    """The root: catching it catches every error this package raises on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in the configuration, where it stands and the way out."""

    file: str
    line: int
    column: int
    path: str
    message: str
    warning: bool = False

    @property
    def place(self) -> str:
        """`config/rules.yaml:14:21`; the file alone where no line is to blame."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        """`config/rules.yaml:14:21: rules[2].when[0].source: unknown source 'educonect' (did you mean …?)`."""
        subject = f"{self.path}: " if self.path else ""
        kind = "warning: " if self.warning else ""
        return f"{self.place}: {kind}{subject}{self.message}"


class SettingsError(AiguilleurError):
    """The configuration cannot be loaded; `problems` holds all that is wrong with it, in order of place."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems sorted by file, line and column."""
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @property
    def places(self) -> tuple[str, ...]:
        """Where each mistake stands; warnings are none."""
        return tuple(dict.fromkeys(problem.place for problem in self.problems if not problem.warning))


class ThemeError(AiguilleurError):
    """A file of the theme cannot be used; `problem` says which, where in it, and why."""

    def __init__(self, problem: Problem) -> None:
        """Keep it."""
        self.problem = problem
        super().__init__(str(problem))


class SecretError(AiguilleurError):
    """The signing keys cannot be used; the message says why and how to make good ones."""


class TokenError(AiguilleurError):
    """A signed value is forged, expired, truncated or of another kind."""


class JournalError(AiguilleurError):
    """A journal file cannot be read."""


class StoreError(AiguilleurError):
    """The shared store did not answer as it must; `trouble` is why, and `word` the server's own word, if it had one."""

    def __init__(self, trouble: str, word: str = "") -> None:
        """Keep both apart."""
        self.trouble, self.word = trouble, word
        super().__init__(f"{trouble} {word}".strip())

"""Trying out server settings before they are saved: each step with its result, in order.

A step that fails ends the line; the steps before it tell how far it got. Nothing is stored, and
nothing goes out but the sign-in itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from common.net import ConnectError, NetworkPolicy, encrypt, judged_addresses, safe_connect
from mailsync.enums import Security
from mailsync.providers.base import ProviderError, Reaction, ServerAddress
from mailsync.providers.imap import IMAPStore
from mailsync.providers.imap_sign_in import connect, connect_failed, sign_in
from mailsync.providers.smtp import SMTPSubmitter


class Step(StrEnum):
    NAME = "name"  # the name is known and leads to an address that is allowed
    CONNECTION = "connection"  # something answers on the port
    ENCRYPTION = "encryption"  # TLS with a right certificate
    SIGN_IN = "sign_in"
    MAILBOXES = "mailboxes"  # incoming only: the folders can be listed


@dataclass(frozen=True, slots=True)
class StepResult:
    """`code` is a key of mailsync.errors, empty when the step went well."""

    step: Step
    code: str = ""
    server_text: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.code


@dataclass(frozen=True, slots=True)
class ProbeResult:
    steps: tuple[StepResult, ...]

    @property
    def is_ok(self) -> bool:
        return all(step.is_ok for step in self.steps)

    @property
    def failure(self) -> StepResult | None:
        """The step that failed; None when all went well."""
        return next((step for step in self.steps if not step.is_ok), None)


def probe_incoming(server: ServerAddress) -> ProbeResult:
    """Tries an IMAP server: name, connection, encryption, sign-in, folders."""
    line = _Line()
    found: list[IMAPStore] = []

    def signed_in() -> None:
        wire = connect(server)
        try:
            sign_in(wire, server)
            found.append(IMAPStore(wire))
        except BaseException:
            wire.close()
            raise

    line.reach(server)
    line.take(Step.SIGN_IN, signed_in)
    line.take(Step.MAILBOXES, lambda: found[0].mailboxes())  # noqa: PLW0108 -- nothing is found yet
    for store in found:
        store.close()
    return ProbeResult(line.results)


def probe_outgoing(server: ServerAddress) -> ProbeResult:
    """Tries a submission server: name, connection, encryption, sign-in. Sends nothing."""
    line = _Line()
    line.reach(server)
    line.take(Step.SIGN_IN, lambda: SMTPSubmitter.connect(server).close())
    return ProbeResult(line.results)


# A failure of the whole sign-in belongs to the step that its code names.
_STEP_OF = {
    "tls_required": Step.ENCRYPTION,
    "tls_failed": Step.ENCRYPTION,
    "certificate_untrusted": Step.ENCRYPTION,
    "certificate_wrong_name": Step.ENCRYPTION,
    "certificate_expired": Step.ENCRYPTION,
    "certificate_changed": Step.ENCRYPTION,
    "not_a_mail_server": Step.CONNECTION,
}


class _Line:
    def __init__(self) -> None:
        self._results: list[StepResult] = []
        self._has_failed = False

    @property
    def results(self) -> tuple[StepResult, ...]:
        return tuple(self._results)

    def reach(self, server: ServerAddress) -> None:
        policy = NetworkPolicy.from_settings()
        self.take(Step.NAME, lambda: _name_known(server, policy))
        self.take(Step.CONNECTION, lambda: _answers(server, policy))
        if server.security == Security.TLS:
            self.take(Step.ENCRYPTION, lambda: _encrypts(server, policy))

    def take(self, step: Step, act: Callable[[], object]) -> None:
        if self._has_failed:
            return
        try:
            act()
        except ConnectError as error:
            self._fail(step, connect_failed(error))
        except ProviderError as error:
            self._fail(_STEP_OF.get(error.code, step), error)
        else:
            self._results.append(StepResult(step))

    def _fail(self, step: Step, error: ProviderError) -> None:
        self._has_failed = True
        # The text may be the account's owner's to read, who typed the settings just now.
        text = error.server_text if error.reaction is not Reaction.PROTOCOL else ""
        self._results = [result for result in self._results if result.step != step]
        self._results.append(StepResult(step, error.code, text))


def _name_known(server: ServerAddress, policy: NetworkPolicy) -> None:
    judged_addresses(server.host, server.port, policy=policy)


def _answers(server: ServerAddress, policy: NetworkPolicy) -> None:
    safe_connect(server.host, server.port, timeout=15.0, policy=policy).close()


def _encrypts(server: ServerAddress, policy: NetworkPolicy) -> None:
    connection = safe_connect(server.host, server.port, timeout=15.0, policy=policy)
    encrypt(connection, host=server.host, pinned=server.pinned).close()

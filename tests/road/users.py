"""Other OS users, by number: nobody is added to this machine.

They run this very Python, and need not be able to walk to it. Python, its packages and this one are opened here, as
root, and found there as folders of ``/proc/PID/fd``: so a checkout or a Python inside root's home serves, too.
"""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import privacy_analytics

PLACES = [sys.base_prefix, sysconfig.get_path("purelib"), Path(privacy_analytics.__file__).parents[1]]
BINARY = Path(sys.executable).resolve().relative_to(Path(sys.base_prefix).resolve())
START = 'at=/proc/$$/fd; export PYTHONHOME=$at/{} PYTHONPATH=$at/{}:$at/{}; exec $at/{}/{} "$@"'


@dataclass(frozen=True)
class User:
    """A user with a group of the same number, its other groups, and a home of its own."""

    number: int
    groups: tuple[int, ...]
    home: Path

    def __post_init__(self) -> None:
        self.home.mkdir(mode=0o700)
        self.give(self.home)

    def give(self, *files: Path) -> None:
        for file in files:
            os.chown(file, self.number, self.number)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Python as this user, at home, with nothing of our environment."""
        opened = [os.open(place, os.O_RDONLY | os.O_DIRECTORY) for place in PLACES]
        try:
            return subprocess.Popen(
                ["/bin/sh", "-c", START.format(*opened, opened[0], BINARY), "sh", *map(str, arguments)],
                user=self.number,
                group=self.number,
                extra_groups=self.groups,
                pass_fds=opened,
                cwd=self.home,
                env={"HOME": str(self.home), "PATH": os.defpath},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        finally:
            for each in opened:
                os.close(each)

    def run(self, *arguments: object) -> str:
        """What it printed; it must succeed."""
        process = self.start(*arguments)
        said, complained = process.communicate(timeout=600)
        assert process.returncode == 0, complained
        return said
